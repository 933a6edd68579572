"""The bill of materials: what a release is made of, as CycloneDX 1.6 in JSON.

The format is https://cyclonedx.org/docs/1.6/json/. The same lock and version give the same bytes, so that a bill can be
compared with one that somebody else has made.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it has no types
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from athena_release import locks
from athena_release.errors import ReleaseError
from athena_release.locks import Pin, Project

SPECIFICATION = "1.6"
_SCHEMAS = ("bom-1.6.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
"""The bill's, and those that it refers to, by the names under which they refer to each other."""
_SPACE = uuid.UUID("5d6d5b3c-90a1-5b6c-9f3e-5d7f0a4b8c21")
"""Of the serial numbers: any will do as long as it never changes."""

Bill = dict[str, Any]


def bill(of: Project, version: str, locked: Sequence[Pin], licences: Mapping[Pin, str], made: datetime | None) -> Bill:
    """The bill of one version.

    Args:
        of: The project.
        version: Its version.
        locked: The lock of what it runs with.
        licences: Each entry's licence, an SPDX expression.
        made: When the last commit was made; None leaves it out.
    """
    product = _product(of, version)
    parts = [_component(pin, extras, licences[pin]) for pin, extras in locks.needed_for(of, locked)]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{_serial(of, version, locked)}",
        "version": 1,
        "metadata": {
            **({"timestamp": made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if made else {}),
            "lifecycles": [{"phase": "build"}],
            "component": product,
        },
        "components": parts,
        "dependencies": list(_edges(of, str(product["bom-ref"]), locked)),
    }


def _serial(of: Project, version: str, locked: Iterable[Pin]) -> uuid.UUID:
    words = [of.name, version, *(f"{pin.purl} {' '.join(pin.hashes)}" for pin in locked)]
    return uuid.uuid5(_SPACE, "\n".join(words))


def _product(of: Project, version: str) -> Bill:
    purl = f"pkg:pypi/{of.name}@{version}"
    return {
        "type": "application",
        "bom-ref": purl,
        "name": of.name,
        "version": version,
        "description": of.description,
        "licenses": [{"expression": of.licence}],
        "purl": purl,
    }


def _component(pin: Pin, extras: Sequence[str], licence: str) -> Bill:
    told = {"marker": pin.marker, "extras": ", ".join(extras)}
    return {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "scope": "optional" if extras else "required",
        "licenses": [{"expression": licence}],
        "purl": pin.purl,
        "externalReferences": [_files(pin)],
        **({"properties": _properties(told)} if any(told.values()) else {}),
    }


def _files(pin: Pin) -> Bill:
    """Any of the files that the lock accepts. They are named by their hashes: which index has them is no fact."""
    return {
        "type": "distribution",
        "url": pin.purl,
        "comment": "wheels and source distribution; one of them is installed",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(pin.hashes)],
    }


def _properties(told: Mapping[str, str | None]) -> list[dict[str, str]]:
    return [{"name": f"athena:{key}", "value": value} for key, value in told.items() if value]


def _edges(of: Project, product: str, locked: Sequence[Pin]) -> Iterable[Bill]:
    """Who needs whom, the product first."""
    for name, ref in [(of.name, product), *((pin.name, pin.purl) for pin in locked)]:
        yield {"ref": ref, "dependsOn": [pin.purl for pin in locked if name in pin.via]}


def faults(made: Bill, schemas: Path) -> list[str]:
    """What the format's own JSON schema has against a bill: a line each, none if it is valid.

    Args:
        made: The bill.
        schemas: A folder with the schemas as cyclonedx-python-lib carries them.

    Raises:
        ReleaseError: The folder lacks one of them.
    """
    registry: Registry[Any] = Registry().with_resources(
        [(f"http://cyclonedx.org/schema/{name}", _resource(schemas, name)) for name in _SCHEMAS]
    )
    judge = Draft7Validator(registry.contents(f"http://cyclonedx.org/schema/{_SCHEMAS[0]}"), registry=registry)
    return [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(made)]


def _resource(schemas: Path, name: str) -> Resource[Any]:
    path = schemas / f"{name.partition('.schema')[0].removesuffix('.SNAPSHOT')}.SNAPSHOT.schema.json"
    try:
        return DRAFT7.create_resource(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ReleaseError(f"no schema of CycloneDX in {path}: make scan", exit_code=2) from error
