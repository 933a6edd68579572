"""The configuration of what is read: accounts, their Regions, the roles that may read them, and what differs there."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import Kind, flag, text, texts
from athena_exporter.config.roles import EXTERNAL_ID, ROLE
from athena_exporter.config.section import Conflict, Section
from athena_exporter.config.sources import SourcesSettings

_LONGEST_ALIAS = 64
_ACCOUNT = re.compile(r"arn:[\w-]+:iam::(\d{12}):")


def _is_region(name: str) -> bool:
    return re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d+", name, re.ASCII) is not None


def _is_alias(name: str) -> bool:
    return name == name.strip() and name.isprintable() and 0 < len(name) <= _LONGEST_ALIAS


REGION = text(wanted="the name of an AWS Region", example="eu-central-1", fits=_is_region)
"""Also what AWS_REGION and AWS_DEFAULT_REGION have to be."""
_REGIONS = texts(wanted="names of AWS Regions", example="[eu-central-1, us-east-1]", fits=_is_region)
_ALIAS = text(wanted="a name of 1 to 64 printable characters", example="data-production", fits=_is_alias)
_SWITCH = Kind(
    wanted="true or false, or nothing for what `sources` says",
    example=None,
    read=lambda found: None if found is None else flag().read(found),
    write=lambda value: "null" if value is None else str(value).lower(),
)


class SourceSwitch(Section):
    """Whether one target is read by a source."""

    enabled: Annotated[bool | None, _SWITCH] = Field(
        default=None, description="Whether this target is read so; by default as `sources` says."
    )


class TargetSourcesSettings(Section):
    """What differs from `sources` for one target. `athena` is always on, and `trail` reads for all targets."""

    lookup: SourceSwitch = Field(default=SourceSwitch(), description="Who started it.")
    workgroups: SourceSwitch = Field(default=SourceSwitch(), description="How workgroups are set up.")
    cloudwatch: SourceSwitch = Field(default=SourceSwitch(), description="What CloudWatch counts.")
    eventbridge: SourceSwitch = Field(default=SourceSwitch(), description="What runs, as events.")
    system_table: SourceSwitch = Field(default=SourceSwitch(), description="What ran, from Athena's own table.")

    def over(self, sources: SourcesSettings) -> SourcesSettings:
        """The settings of all targets with what differs here."""
        told = {name: getattr(self, name).enabled for name in type(self).model_fields}
        differing = {
            name: getattr(sources, name).model_copy(update={"enabled": enabled})
            for name, enabled in told.items()
            if enabled is not None
        }
        return sources.model_copy(update=differing) if differing else sources


class TargetSettings(Section):
    """One account in one or several Regions, and the role that may read it. `load` makes one of each Region."""

    region: Annotated[str | None, REGION] = Field(
        default=None, description="The Region to read; by default the one of the environment."
    )
    regions: Annotated[tuple[str, ...], _REGIONS] = Field(
        default=(), description="Several Regions to read alike, instead of `region`."
    )
    alias: Annotated[str | None, _ALIAS] = Field(
        default=None,
        description="What people call the account: the label `alias` of `athena_target_info`; by default its id.",
    )
    role_arn: Annotated[str | None, ROLE] = Field(
        default=None,
        description="A role to assume; by default the environment's credentials read by themselves.",
    )
    external_id: Annotated[str | None, EXTERNAL_ID] = Field(
        default=None, description="The external id that the role's trust policy asks for."
    )
    sources: TargetSourcesSettings = Field(
        default=TargetSourcesSettings(), description="What differs from `sources` here."
    )

    @property
    def account_id(self) -> str | None:
        """The account of its role; None without one: then only AWS knows."""
        found = _ACCOUNT.match(self.role_arn or "")
        return found.group(1) if found else None


def by_region(targets: Sequence[TargetSettings]) -> tuple[TargetSettings, ...]:
    """The same targets, each with one Region."""
    return tuple(
        target.model_copy(update={"region": region, "regions": ()})
        for target in targets
        for region in (target.regions or (target.region,))
    )


def conflicts(targets: Sequence[TargetSettings]) -> Iterator[Conflict]:
    """What can't hold together in targets as they are written."""
    for index, target in enumerate(targets):
        here = ("targets", index)
        if target.region is not None and target.regions:
            words = "a target has either region or regions: put all of them into regions"
            yield Conflict(locations=((*here, "regions"), (*here, "region")), words=words)
        if target.external_id is not None and target.role_arn is None:
            words = "an external id belongs to a role: add role_arn or remove it"
            yield Conflict(locations=((*here, "external_id"), (*here, "role_arn")), words=words)
    yield from _alike(targets)
    yield from _ambiguous_aliases(targets)


def _alike(targets: Sequence[TargetSettings]) -> Iterator[Conflict]:
    """Two roles of one account read the same queries, as one role twice does."""
    first: dict[tuple[str | None, str | None], int] = {}
    for index, target in enumerate(targets):
        for region in target.regions or (target.region,):
            key = (region, target.account_id)
            other = first.setdefault(key, index)
            if other != index:
                what = "role" if target.role_arn == targets[other].role_arn else "account"
                named = f" ({region})" if target.regions or targets[other].regions else ""
                words = (
                    f"the same Region{named} and {what} as targets[{other}]; every query would count twice: remove one"
                )
                yield Conflict(locations=(("targets", index), ("targets", other)), words=words)


def _ambiguous_aliases(targets: Sequence[TargetSettings]) -> Iterator[Conflict]:
    accounts: defaultdict[str, dict[str | None, int]] = defaultdict(dict)
    aliases: defaultdict[str | None, dict[str, int]] = defaultdict(dict)
    for index, target in enumerate(targets):
        if target.alias is None:
            continue
        others = [
            *((other, "another account") for id_, other in accounts[target.alias].items() if id_ != target.account_id),
            *(
                (other, "the same account")
                for name, other in aliases[target.account_id].items()
                if name != target.alias
            ),
        ]
        for other, what in others[:1]:
            words = (
                f"{target.alias!r} is {what} than targets[{other}]"
                if what == "another account"
                else (f"{target.alias!r} is {what} as targets[{other}], which calls it {targets[other].alias!r}")
            )
            yield Conflict(
                locations=(("targets", index, "alias"), ("targets", other, "alias")),
                words=f"{words}: an account has one name, and a name one account",
            )
        accounts[target.alias].setdefault(target.account_id, index)
        aliases[target.account_id].setdefault(target.alias, index)
