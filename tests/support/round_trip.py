"""A dashboard through Grafana's own types and back: prints each field that they do not know, as JSON.

Run as a process with the package of one version on its path: two versions can't be imported into one.

    PYTHONPATH=.venv/grafana-floor python tests/support/round_trip.py dashboards/generated/*.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where the second lacks something of the first or says something else."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (ours, theirs) in enumerate(zip(before, after, strict=True)):
            yield from lost(ours, theirs, f"{path}[{place}]")
    elif before != after:
        yield f"{path} is {json.dumps(after)[:80]} instead of {json.dumps(before)[:80]}"


def main(names: list[str]) -> dict[str, list[str]]:
    """File -> what was lost."""
    register_default_plugins()
    found = {}
    for name in names:
        before = json.loads(Path(name).read_text(encoding="utf-8"))
        after = json.loads(JSONEncoder().encode(Dashboard.from_json(before)))
        found[name] = list(lost(before, after))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
