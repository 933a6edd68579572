"""The company of one seed: who is how busy where, and which databases each one likes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from athena_testbed.settings import Settings
from athena_testbed.world.catalogue import WORKGROUPS, Workgroup, tables, workgroups
from athena_testbed.world.people import Principal, people, services


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One principal in one workgroup: what an arrival chooses among."""

    principal: Principal
    workgroup: Workgroup
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """People, services, workgroups, databases and tables; the same seed gives the same company."""

    people: tuple[Principal, ...]
    services: tuple[Principal, ...]
    workgroups: Mapping[str, Workgroup]
    tables: Mapping[str, tuple[str, ...]]
    slots: tuple[Slot, ...]
    habits: Mapping[str, tuple[str, ...]]

    @property
    def principals(self) -> Mapping[str, Principal]:
        """Label -> principal."""
        return {principal.label: principal for principal in (*self.people, *self.services)}

    def database_for(self, principal: Principal, rng: Random) -> str:
        """A database that the principal reads: mostly its first, seldom any at all."""
        chance = rng.random()
        liked = self.habits[principal.label]
        if chance < 0.55:
            return liked[0]
        return rng.choice(liked) if chance < 0.95 else rng.choice(tuple(self.tables))


def found(settings: Settings) -> Company:
    """The company of these settings."""
    rng = Random(settings.seed << 72)
    staff, machines = people(settings.users), services()
    owned = tables()
    by_name = {workgroup.name: workgroup for workgroup in workgroups(settings.workgroups)}
    return Company(
        people=staff,
        services=machines,
        workgroups=by_name,
        tables=owned,
        slots=(
            *(slot for principal in (*staff, *machines) for slot in _slots(rng, principal, by_name)),
            *_team_slots(staff, tuple(by_name.values())[len(WORKGROUPS) :]),
        ),
        habits={
            principal.label: tuple(rng.sample(tuple(owned), rng.randint(2, 4))) for principal in (*staff, *machines)
        },
    )


def _team_slots(staff: tuple[Principal, ...], teams: tuple[Workgroup, ...]) -> Iterator[Slot]:
    """Somebody for every team beyond the named workgroups: people take turns."""
    for place, team in enumerate(teams):
        yield Slot(principal=staff[place % len(staff)], workgroup=team, weight=0.3)


def _slots(rng: Random, principal: Principal, workgroups: Mapping[str, Workgroup]) -> tuple[Slot, ...]:
    busy = principal.weight * rng.uniform(0.7, 1.4)
    shares = (1.0,) if len(principal.workgroups) == 1 else (0.8, 0.2)
    return tuple(
        Slot(principal=principal, workgroup=workgroups[name], weight=busy * share)
        for name, share in zip(principal.workgroups, shares, strict=True)
    )


def empty(settings: Settings) -> Company:
    """What a Region without the company holds: the workgroup `primary`, and one person who might use it."""
    whole = found(settings)
    primary = {"primary": whole.workgroups["primary"]}
    alice = whole.principals["Alice"]
    return Company(
        people=(alice,), services=(), workgroups=primary, tables=whole.tables,
        slots=(Slot(principal=alice, workgroup=primary["primary"], weight=1.0),), habits=whole.habits,
    )  # fmt: skip  # as short as it can be said
