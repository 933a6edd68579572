"""The tables of a module's README, from its files: inputs, outputs, resources.

The files are read as `terraform fmt` writes them (a test holds them to it): a block begins and ends at the margin, an
argument of it two spaces from there. tests/terraform compares what is read here with what terraform reads.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- From here on: written by `make terraform ARGS=--update-golden` from the module's files. -->"
_BLOCK = re.compile(r'^(\w+) ((?:"[\w-]+" ?)+)\{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^  (\w+) += (.*?)(?=^  (?:\w+ +=|\w+ \{|#)|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block at the margin: `variable "name" { ... }`, with its arguments as they are written."""

    kind: str
    labels: tuple[str, ...]
    arguments: Mapping[str, str]

    @property
    def description(self) -> str:
        """The text of its description."""
        return self.arguments["description"].strip('"').replace('\\"', '"')


def blocks(module: Path) -> Iterator[Block]:
    """Every block at the margin of a module's files, in the order of files and lines."""
    for path in sorted(module.glob("*.tf")):
        for kind, labels, body in _BLOCK.findall(path.read_text(encoding="utf-8")):
            arguments = {name: " ".join(value.split()) for name, value in _ARGUMENT.findall(body)}
            yield Block(kind=kind, labels=tuple(re.findall(r'"([\w-]+)"', labels)), arguments=arguments)


def readme(module: Path) -> str:
    """The README: what a person wrote, and the tables."""
    written = (module / "README.md").read_text(encoding="utf-8").partition(BEGIN)[0].rstrip()
    return f"{written}\n\n{BEGIN}\n\n{tables(module)}"


def tables(module: Path) -> str:
    """Inputs, outputs and resources of a module in Markdown."""
    found = list(blocks(module))
    parts = (
        ("Inputs", ("name", "type", "default", "what"), [_input(one) for one in found if one.kind == "variable"]),
        ("Outputs", ("name", "what"), [_output(one) for one in found if one.kind == "output"]),
        ("Resources", ("type", "name"), sorted(_resource(one) for one in found if one.kind == "resource")),
    )
    return "\n".join(_table(title, head, rows) for title, head, rows in parts if rows)


def _input(one: Block) -> tuple[str, ...]:
    default = one.arguments.get("default")
    return (
        f"`{one.labels[0]}`",
        f"`{_compact(one.arguments['type'])}`",
        "required" if default is None else f"`{_compact(default)}`",
        one.description,
    )


def _output(one: Block) -> tuple[str, ...]:
    return (f"`{one.labels[0]}`", one.description)


def _resource(one: Block) -> tuple[str, ...]:
    return (f"`{one.labels[0]}`", f"`{one.labels[1]}`")


def _compact(expression: str) -> str:
    """An expression in one line, with commas where lines ended."""
    inside = re.sub(r"(?<=[\w)\]}\"]) (?=\w+ +=)", ", ", expression)
    return re.sub(r" +", " ", inside).replace("({ ", "({").replace(" })", "})")


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    body = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
    return f"## {title}\n\n{body}\n"
