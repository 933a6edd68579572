"""The page's one stylesheet, and the policy that lets a browser load nothing else.

Stage: **style** -> page, server. Light and dark, wide and narrow; every text has a contrast of 4.5 to 1 or more.
"""

import base64
import hashlib

STYLE = """\
:root{color-scheme:light dark;--paper:#fff;--band:#f5f6f8;--ink:#1b1f24;--soft:#57606a;--rule:#d8dee4;--link:#0a53be;
--good:#116329;--bad:#b3161f;--warn:#7a4d00;--bar:#4c7fd0}
@media(prefers-color-scheme:dark){:root{--paper:#12151a;--band:#1b2027;--ink:#e4e8ed;--soft:#a3adb8;--rule:#333b45;
--link:#7fb2ff;--good:#56d364;--bad:#ff8078;--warn:#e3b341;--bar:#5b8def}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
header,main,footer{max-width:80rem;margin:0 auto;padding:.75rem 1rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1.25rem;border-bottom:1px solid var(--rule)}
h1{font-size:1.3rem;margin:0}
h2{font-size:1.1rem;margin:1.5rem 0 .5rem;padding-bottom:.2rem;border-bottom:2px solid var(--rule)}
h3{font-size:.95rem;margin:0 0 .35rem}
p{margin:.35rem 0}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0;padding:0}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.soft,.version{color:var(--soft);font-weight:normal}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem;align-items:start;
margin-bottom:1rem}
.card{background:var(--band);border:1px solid var(--rule);border-radius:6px;padding:.7rem .8rem;min-width:0}
.wide{margin-bottom:1rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem .2rem 0;text-align:right;vertical-align:top;white-space:nowrap}
tbody th,tbody td,tfoot th,tfoot td{border-top:1px solid var(--rule)}
thead th{color:var(--soft);font-weight:600;font-size:.85rem}
tbody th{font-weight:normal}
tfoot th,tfoot td{font-weight:600}
th:first-child,td.text,th.text{text-align:left}
th:first-child,td.text{white-space:normal;min-width:6.5rem;overflow-wrap:anywhere}
td.text,th.text{padding-left:.6rem}
th:last-child,td:last-child{padding-right:0}
bdi{display:inline-block;max-width:100%;overflow:hidden;vertical-align:bottom}
.own{font-style:italic}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn);font-weight:600}
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem .9rem;margin:0}
dt{color:var(--soft)}
dd{margin:0}
svg{width:3.5rem;height:7px;background:var(--rule);border-radius:3px;vertical-align:middle}
.share{display:inline-block;min-width:3.6em}
rect{fill:var(--bar)}
.full rect{fill:var(--bad)}
footer{color:var(--soft);border-top:1px solid var(--rule);margin-top:1.5rem;font-size:.85rem}
@media(max-width:40rem){body{font-size:14px}header,main,footer{padding:.6rem .7rem}.card{padding:.6rem}
th,td{padding-right:.45rem}th:first-child,td.text{min-width:5.5rem}svg{width:1.6rem}}
@media print{a{color:inherit}.card{break-inside:avoid}}
"""

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its own stylesheet, named by its digest, and nothing else at all."""
