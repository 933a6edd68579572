"""The page at `/`: a person finds every number with its unit, no name can do anything there, and a browser has nothing
to complain of."""

import base64
import gzip
import hashlib
import http.client
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_world import ENDLESS, GIB, IRELAND, NOW, OREGON, SCRIPT, TURNED, at, busy, sample, source, spent

from athena_exporter import catalog
from athena_exporter.outlets.page import POLICY, REFRESH_SECONDS, page
from athena_exporter.outlets.page.markup import moment, span
from athena_exporter.outlets.page.style import STYLE
from athena_exporter.outlets.server import Exposition, application, serve
from athena_exporter.records import Sample, Target

VOID = {"meta", "rect"}


@dataclass
class Element:
    """A tag with what is in it."""

    tag: str
    attributes: dict[str, str | None]
    children: "list[Element | str]" = field(default_factory=list)

    def all(self, tag: str) -> "list[Element]":
        inner = [found for child in self.children if isinstance(child, Element) for found in child.all(tag)]
        return ([self] if self.tag == tag else []) + inner

    @property
    def text(self) -> str:
        return " ".join("".join(c if isinstance(c, str) else f"{c.text}" for c in self.children).split())

    @property
    def titles(self) -> list[str]:
        return [str(one.attributes["title"]) for tag in ("bdi", "span", "time") for one in self.all(tag)
                if "title" in one.attributes]  # fmt: skip  # one line a thought


class Reader(HTMLParser):
    """Reads HTML and refuses what doesn't nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"an attribute of {tag} stands twice"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(body: bytes) -> Element:
    reader = Reader()
    reader.feed(body.decode())
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is never closed"
    return reader.open[0]


def shown(samples: Iterable[Sample]) -> Element:
    return read(page(list(samples), NOW))


@pytest.fixture(scope="module")
def whole() -> Element:
    return shown(busy())


def card(root: Element, title: str) -> Element:
    (found,) = [one for one in root.all("section") if one.all("h3")[0].text == title]
    return found


def titles(root: Element) -> list[str]:
    return [one.text for one in root.all("h3")]


def rows(element: Element) -> list[list[str]]:
    """Every row below the head, cell by cell."""
    (body,) = element.all("tbody")
    return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in body.all("tr")]


def total(element: Element) -> list[str]:
    (foot,) = element.all("tfoot")
    return [cell.text for cell in foot.all("tr")[0].children if isinstance(cell, Element)]


# -- what it says -----------------------------------------------------------------------------------------------------


def test_it_has_every_part_in_reading_order(whole: Element) -> None:
    assert [one.text for one in whole.all("h2")] == [
        "eu-west-1 account 123456789012",
        "us-west-2 account 123456789012",
        "The exporter",
    ]
    assert titles(whole)[:9] == [
        "Sources",
        "Counting",
        "Under way",
        "Active queries against their quota",
        "Workgroups without a scan limit",
        "Users today (UTC)",
        "Workgroups today (UTC)",
        "Users this month",
        "Workgroups this month",
    ]
    assert titles(whole)[-4:] == ["Budgets", "Outbox", "Events", "Calls to AWS since the start"]
    assert whole.all("h1")[0].text == "Athena Observability 9.9.9"


def test_a_source_is_told_with_its_state_its_ages_and_its_errors(whole: Element) -> None:
    sources = card(part(whole, 0), "Sources")
    assert rows(sources) == [
        ["athena", "\u2713 up", "none", "7 s ago", "6 min 7 s ago", "4 s", "under 1 s"],
        ["cloudwatch", "\u2713 up", "none", "36 s ago", "6 min 36 s ago", "2 min 10 s", "under 1 s"],
        [
            "lookup",
            "\u2717 down",
            "denied: 1, throttled: 12",
            "1 h 30 min ago",
            "1 h 36 min ago",
            "1 h 25 min",
            "under 1 s",
        ],
    ]
    assert "2026-11-22 10:30:00 UTC" in sources.titles


def test_a_source_that_was_never_read_to_its_end_has_no_invented_age() -> None:
    failed = shown([sample(catalog.SOURCE_UP, "lookup", value=0)])
    assert rows(card(failed, "Sources")) == [["lookup", "\u2717 down", "none", "-", "-", "-", "-"]]


def test_records_that_could_not_be_read_are_errors_too() -> None:
    samples = [*source("athena", up=1, hours_ago=0)][:-1]
    malformed = shown([*samples, sample(catalog.MALFORMED_RECORDS, "athena", value=3)])
    assert rows(card(malformed, "Sources"))[0][2] == "malformed records: 3"


def facts(element: Element) -> dict[str, str]:
    words, values = ([one.text for one in element.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(words, values, strict=True))


def test_how_far_counting_is_and_what_lacks_a_user(whole: Element) -> None:
    assert facts(card(part(whole, 0), "Counting")) == {
        "State": "! catching up: totals are behind",
        "Counting since": "12 d 7 h ago",
        "Waiting for their user": "1 query, 3.00 GiB",
        "Without a user (not found)": "3 queries, 12.1 KiB",
        "Without a user (source down)": "0 queries",
    }
    assert facts(card(part(whole, 1), "Counting")) == {
        "State": "\u2713 up to date",
        "Counting since": "-",
        "Waiting for their user": "-",
    }


def test_spenders_come_dearest_first_with_the_rest_and_the_whole(whole: Element) -> None:
    users = card(part(whole, 0), "Users today (UTC)")
    found = rows(users)
    assert found[0] == ["efield person", "3", "900 GiB", "$4.39", "23.5%"]
    assert len(found) == 11
    assert found[-1][:4] == ["29 more", "783", "1.16 TiB", "$5.82"]
    assert total(users) == ["all", "858", "3.74 TiB", "$18.69", ""]
    counts = [int(row[1].replace(",", "")) for row in found]
    assert sum(counts) == 858
    assert "alpha_user_efield" in users.titles


def part(root: Element, number: int) -> Element:
    """Everything between one h2 and the next: the cards of a target."""
    parts: list[Element] = []
    for child in root.all("main")[0].children:
        if isinstance(child, Element) and child.tag == "h2":
            parts.append(Element("part", {}))
        elif parts:
            parts[-1].children.append(child)
    return parts[number]


def test_the_products_own_words_among_users_are_explained_and_a_workgroups_name_is_not(whole: Element) -> None:
    ireland = part(whole, 0)
    assert "CloudTrail may still tell who started these" in card(ireland, "Users this month").titles
    assert "other" in [row[0] for row in rows(card(ireland, "Workgroups today (UTC)"))]
    assert "all that the label's budget has no room for" not in card(ireland, "Workgroups today (UTC)").titles


def test_one_spender_needs_no_total_and_nothing_spent_no_share() -> None:
    free = shown(spent("today", "efield", queries=2, gib=0))
    assert rows(card(free, "Users today (UTC)")) == [["efield", "2", "0 B", "$0.00", "-"]]
    assert card(free, "Users today (UTC)").all("tfoot") == []


def test_what_is_under_way_is_there_and_idle_workgroups_are_not(whole: Element) -> None:
    running = card(part(whole, 0), "Under way")
    assert [row[0] for row in rows(running)] == ["other", "quicksight", SCRIPT, "airflow-prod", "dbt-dev"]
    assert total(running) == ["all", "15", "15"]
    assert "nothing is queued or running" in card(part(whole, 1), "Under way").text


def test_many_busy_workgroups_are_cut_to_ten_and_one_line() -> None:
    many = [sample(catalog.RUNNING_QUERIES, f"w{n:02}", "queued", value=n) for n in range(1, 13)]
    running = card(shown(many), "Under way")
    assert rows(running)[-1] == ["2 more", "3", "0"]
    assert total(running) == ["all", "78", "0"]


@pytest.mark.parametrize(
    ("active", "words"),
    [(None, "-"), (60, "40.0%"), (119, "79.3%"), (120, "! 80.0%, nearly used up"), (150, "\u2717 100.0%, used up")],
)
def test_active_queries_stand_against_their_quota(active: int | None, words: str) -> None:
    quota = sample(catalog.ACTIVE_QUERY_QUOTA, "DML", "service_quotas", value=150)
    now = [] if active is None else [sample(catalog.ACTIVE_QUERIES, "DML", value=active)]
    read = sample(catalog.SOURCE_UP, "usage", value=1)
    found = card(shown([quota, *now, read]), "Active queries against their quota")
    assert rows(found) == [["DML", "idle" if active is None else str(active), "150", words]]
    assert "service quotas" in found.titles


def test_nobody_is_called_idle_while_nobody_looks() -> None:
    found = shown([sample(catalog.ACTIVE_QUERY_QUOTA, "DML", "service_quotas", value=150)])
    assert rows(card(found, "Active queries against their quota")) == [["DML", "-", "150", "-"]]


def test_an_account_that_was_only_asked_for_its_name_is_no_part_of_its_own() -> None:
    unknown = Target(account_id="unknown", region="eu-west-1")
    found = shown([sample(catalog.AWS_REQUESTS, "sts", "GetCallerIdentity", "ok", value=1, target=unknown)])
    assert [one.text for one in found.all("h2")] == ["The exporter"]
    assert rows(card(found, "Calls to AWS since the start")) == [["sts GetCallerIdentity", "1", "0", "$0.00"]]


def test_a_quota_that_nobody_knows_is_not_invented() -> None:
    found = shown([sample(catalog.ACTIVE_QUERIES, "DDL", value=7)])
    assert rows(card(found, "Active queries against their quota")) == [["DDL", "7", "-", "-"]]


def test_without_quotas_and_without_settings_there_is_no_such_part() -> None:
    found = titles(shown([sample(catalog.CATCHING_UP, value=0)]))
    assert "Active queries against their quota" not in found
    assert "Workgroups without a scan limit" not in found
    assert "Budgets" not in found
    assert "Outbox" not in found
    assert "Events" not in found


def test_workgroups_without_a_limit_come_by_what_they_scanned(whole: Element) -> None:
    unlimited = card(part(whole, 0), "Workgroups without a scan limit")
    assert rows(unlimited) == [
        ["primary", "8.79 TiB"],
        ["airflow-prod", "2.93 TiB"],
        [SCRIPT, "2.20 TiB"],
        ["quicksight", "1.76 TiB"],
        ["other", "1.46 TiB"],
    ]
    assert "5 of 6 have none." in unlimited.text


def test_many_workgroups_without_a_limit_are_cut_and_none_is_said() -> None:
    info = [sample(catalog.WORKGROUP_INFO, f"w{n:02}", "enabled", "v3", "true", "true", value=1) for n in range(12)]
    assert rows(card(shown(info), "Workgroups without a scan limit"))[-1] == ["2 more", "0 B"]
    limits = [sample(catalog.WORKGROUP_CUTOFF_BYTES, f"w{n:02}", value=GIB) for n in range(12)]
    assert "each of the 12 workgroups has one" in card(shown([*info, *limits]), "Workgroups without a scan limit").text


def test_budgets_are_there_when_there_are_any_the_fullest_first(whole: Element) -> None:
    assert rows(card(whole, "Budgets")) == [
        ["efield", "daily", "$56.00", "$50.00", "\u2717 112.0%, used up"],
        [SCRIPT, "dbt", "610 GiB", "1,000 GiB", "61.0%"],
    ]


def test_the_outbox_and_the_delivery_are_told(whole: Element) -> None:
    assert rows(card(whole, "Outbox")) == [["events", "1,234", "1 min 35 s", "0"]]
    assert rows(card(whole, "Events")) == [["/athena-observability/queries", "1,234,567", "3", "too old: 2"]]


def test_an_empty_outbox_waits_for_nothing() -> None:
    empty = [sample(catalog.OUTBOX_DEPTH, "events", value=0), sample(catalog.OUTBOX_OLDEST_AGE, "events", value=0)]
    assert rows(card(shown(empty), "Outbox")) == [["events", "0", "-", "-"]]


def test_what_aws_was_asked_is_told_with_its_price(whole: Element) -> None:
    calls = card(whole, "Calls to AWS since the start")
    assert rows(calls) == [
        ["monitoring GetMetricData", "64", "4", "$0.060"],
        ["athena ListQueryExecutions", "904", "4", "$0.00"],
    ]
    assert total(calls) == ["all", "968", "8", "$0.060"]


def test_before_any_account_has_answered_that_is_said() -> None:
    empty = shown([])
    assert "No account has answered yet" in empty.all("main")[0].text
    assert "2026-11-22 12:00:00 UTC" in empty.all("main")[0].text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 1 s"), (0.4, "under 1 s"), (1, "1 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
     (3605, "1 h"), (5400, "1 h 30 min"), (86_399, "23 h 59 min"), (90_061, "1 d 1 h"), (-30, "30 s")],
)  # fmt: skip  # a table
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_time_ahead_of_the_clock_is_said_so_and_an_impossible_one_is_unknown() -> None:
    assert ">in 1 h<" in moment(NOW.timestamp() + 3600, NOW)
    assert ">-<" in moment(1e30, NOW)


# -- what no name can do ----------------------------------------------------------------------------------------------

TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "nav", "ul", "li", "a", "main", "p", "h2", "div",
    "section", "h3", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "bdi", "span", "time", "dl", "dt", "dd",
    "svg", "rect", "footer",
}  # fmt: skip  # words are read in lines
ATTRIBUTES = {
    "lang", "charset", "name", "content", "http-equiv", "class", "aria-label", "href", "title", "role", "tabindex",
    "scope", "datetime", "aria-hidden", "viewbox", "preserveaspectratio", "width", "height",
}  # fmt: skip  # as above


def everything(root: Element) -> list[Element]:
    return [root, *(e for child in root.children if isinstance(child, Element) for e in everything(child))]


def test_a_hostile_name_is_text_and_nothing_else(whole: Element) -> None:
    names = [one.text for one in whole.all("bdi")]
    assert SCRIPT in names
    assert {one.tag for one in everything(whole)} - {""} <= TAGS
    assert {key for one in everything(whole) for key in one.attributes} <= ATTRIBUTES


def test_a_name_that_turns_the_writing_direction_is_spelt_out() -> None:
    body = page(busy(), NOW).decode()
    assert "\u202e" not in body
    assert TURNED.replace("\u202e", "\\u202e") in body


def test_an_endless_name_is_cut_in_the_table_and_in_its_title() -> None:
    body = page(busy(), NOW).decode()
    assert max(map(len, re.findall("x+", body))) < 300
    assert f"{ENDLESS[:63]}\u2026" in body


def tags(root: Element) -> list[str]:
    return [one.tag for one in everything(root)]


@given(st.text(st.characters(codec=None), min_size=1))
def test_whatever_a_name_is_the_page_has_the_same_shape(name: str) -> None:
    def everywhere(word: str) -> list[Sample]:
        return [
            *spent("today", word, queries=1, gib=1),
            *spent("month", word, queries=1, gib=1, by="workgroup"),
            *source(word, up=1, hours_ago=1),
            sample(catalog.SOURCE_ERRORS, word, word, value=1),
            sample(catalog.USER_INFO, word, word, word, value=1),
            sample(catalog.RUNNING_QUERIES, word, "running", value=1),
            sample(catalog.WORKGROUP_INFO, word, word, word, word, word, value=1),
            sample(catalog.ACTIVE_QUERY_QUOTA, word, word, value=1),
            sample(catalog.UNATTRIBUTED_QUERIES, word, value=1),
            sample(catalog.OUTBOX_DEPTH, word, value=1),
            sample(catalog.EVENTS_ACCEPTED, word, value=1),
            sample(catalog.EVENTS_REJECTED, word, word, value=1),
            sample(catalog.AWS_REQUESTS, word, word, word, value=1),
            sample(catalog.BUILD_INFO, word, word, value=1),
        ]

    assert tags(shown(everywhere(name))) == tags(shown(everywhere("plain")))


# -- how it is made ---------------------------------------------------------------------------------------------------


def test_the_only_stylesheet_is_the_one_that_the_policy_names(whole: Element) -> None:
    (style,) = whole.all("style")
    assert style.children == [STYLE]
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert POLICY.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_it_links_only_to_what_the_exporter_serves(whole: Element) -> None:
    exposition = Exposition()
    exposition.publish(b"", page(busy(), NOW))
    links = [str(one.attributes["href"]) for one in whole.all("a")]
    assert links == ["/metrics", "/-/healthy", "/-/ready", "/docs/metrics"]
    with serve("127.0.0.1:0", application(exposition)) as server:
        for link in links:
            connection = http.client.HTTPConnection(server.address.host, server.address.port, timeout=60)
            connection.request("GET", link)
            assert connection.getresponse().status == 200
            connection.close()
    assert "://" not in page(busy(), NOW).decode()


def test_it_can_be_read_without_eyes(whole: Element) -> None:
    assert whole.all("html")[0].attributes == {"lang": "en"}
    assert all(one.attributes.get("scope") in {"row", "col"} for one in whole.all("th"))
    assert all(one.text for table in whole.all("thead") for one in table.all("th"))
    assert all(one.attributes["aria-hidden"] == "true" for one in whole.all("svg"))
    regions = [one for one in whole.all("div") if one.attributes.get("role") == "region"]
    assert len(regions) == len(whole.all("table"))
    assert all(one.attributes["aria-label"] and one.attributes["tabindex"] == "0" for one in regions)


def test_every_row_is_as_long_as_its_head(whole: Element) -> None:
    for table in whole.all("table"):
        assert len({sum(isinstance(cell, Element) for cell in row.children) for row in table.all("tr")}) == 1


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(theme: int) -> None:
    blocks = re.findall(r":root\{(?:color-scheme[^;]*;)?([^}]*)\}", STYLE)
    colours = dict(re.findall(r"--(\w+):(#\w+)", blocks[theme]))
    for ground in ("paper", "band"):
        for ink in ("ink", "soft", "link", "good", "bad", "warn"):
            light, dark = sorted((luminance(colours[ground]), luminance(colours[ink])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {ground}"  # WCAG 2.2, 1.4.3


def test_it_is_served_with_its_policy_and_compressed() -> None:
    exposition, body = Exposition(), page(busy(), NOW)
    exposition.publish(b"athena_queries_total 1\n", body)
    with serve("127.0.0.1:0", application(exposition)) as server:
        connection = http.client.HTTPConnection(server.address.host, server.address.port, timeout=60)
        connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert gzip.decompress(answer.read()) == body
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        connection.request("HEAD", "/")
        head = connection.getresponse()
        assert (head.read(), head.headers["Content-Length"]) == (b"", str(len(body)))
        connection.close()


def test_it_renews_itself(whole: Element) -> None:
    (refresh,) = [one for one in whole.all("meta") if one.attributes.get("http-equiv") == "refresh"]
    assert refresh.attributes["content"] == str(REFRESH_SECONDS)


def test_ages_are_measured_from_the_moment_of_publication() -> None:
    since = sample(catalog.COUNTING_SINCE, value=at(2), target=OREGON)
    assert facts(card(shown([since]), "Counting"))["Counting since"] == "2 h ago"


def test_targets_that_only_the_process_knows_are_there_too() -> None:
    assert "eu-west-1" in shown([sample(catalog.SOURCE_UP, "athena", value=0, target=IRELAND)]).all("h2")[0].text


# -- a browser --------------------------------------------------------------------------------------------------------


@pytest.fixture
def complaints(tmp_path: Path) -> "Browser":
    binary = shutil.which("chromium")
    if binary is None:
        pytest.skip("needs chromium on the PATH")
    return Browser(binary, tmp_path)


@dataclass
class Browser:
    """Chromium without a screen."""

    binary: str
    folder: Path

    def of(self, body: bytes) -> list[str]:
        """What it writes to its console when it opens the page from the real server."""
        exposition = Exposition()
        exposition.publish(b"", body)
        switches = ["headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "dump-dom"]
        switches += ["disable-background-networking", "disable-component-update", "enable-logging=stderr"]
        with serve("127.0.0.1:0", application(exposition)) as server:
            command = [self.binary, *(f"--{one}" for one in switches), f"--user-data-dir={self.folder}", server.url]
            done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        assert b"Athena Observability" in done.stdout
        return [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]


@pytest.mark.process
def test_a_browser_has_nothing_to_complain_of(complaints: Browser) -> None:
    assert complaints.of(page(busy(), NOW)) == []


@pytest.mark.process
def test_a_browser_would_complain_of_anything_else(complaints: Browser) -> None:
    smuggled = b'<p style="color:red">x</p><img src="/x.png" alt="x"><script>1</script></main>'
    found = complaints.of(page(busy(), NOW).replace(b"</main>", smuggled))
    assert len([line for line in found if "Content Security Policy" in line]) == 3
