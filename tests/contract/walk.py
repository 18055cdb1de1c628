"""The walk over all operations, and what it tells."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.contract import document
from tests.contract.checks import Operation, Row
from tests.contract.conventions import CONVENTIONS
from tests.contract.scene import Scene
from tests.contract.sections import SECTIONS

_CHECK_SECONDS = 120.0


class State(StrEnum):
    """How an operation stands."""

    MISSING = "missing"
    WAITING = "waiting"
    """It is there, and cannot be checked before something else is."""
    INVALID = "invalid"
    VALID = "valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the walk found of one operation, or of one convention."""

    name: str
    section: str
    state: State
    faults: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_implemented(self) -> bool:
        """Whether the node has it."""
        return self.state is not State.MISSING


@dataclass(slots=True, kw_only=True)
class Report:
    """Every operation and every convention, in the order of the description."""

    operations: list[Outcome] = field(default_factory=list)
    conventions: list[Outcome] = field(default_factory=list)

    @property
    def implemented(self) -> int:
        """How many operations the node has."""
        return sum(outcome.is_implemented for outcome in self.operations)

    @property
    def valid(self) -> int:
        """How many of them do what the contract says."""
        return sum(outcome.state is State.VALID for outcome in self.operations)

    @property
    def not_valid(self) -> list[Outcome]:
        """Whatever is missing, waits for something, or does not do what it must."""
        return [outcome for outcome in (*self.operations, *self.conventions) if outcome.state is not State.VALID]

    @property
    def invalid(self) -> list[Outcome]:
        """Whatever is there and does not do what it must."""
        return [outcome for outcome in (*self.operations, *self.conventions) if outcome.state is State.INVALID]

    def lines(self) -> list[str]:
        """One line for each section, and under it what is missing or wrong."""
        told = []
        for section in dict.fromkeys(outcome.section for outcome in self.operations):
            members = [outcome for outcome in self.operations if outcome.section == section]
            implemented = sum(outcome.is_implemented for outcome in members)
            valid = sum(outcome.state is State.VALID for outcome in members)
            told.append(f"{section}  {implemented}/{len(members)} implemented, {valid}/{len(members)} valid")
            told += [line for outcome in members for line in lines_of(outcome)]
        if self.conventions:
            kept = sum(outcome.state is State.VALID for outcome in self.conventions)
            told.append(f"conventions  {kept}/{len(self.conventions)} kept")
            told += [line for outcome in self.conventions for line in lines_of(outcome)]
        return told

    def last_line(self) -> str:
        """The sum."""
        total = len(self.operations)
        return f"operations {self.implemented}/{total} implemented, {self.valid}/{total} valid"


def lines_of(outcome: Outcome) -> list[str]:
    """What there is to say about one operation; nothing when it is valid."""
    if outcome.state is State.VALID:
        return []
    return [f"  {outcome.name}: {outcome.state}", *(f"    {fault}" for fault in outcome.faults)]


def rows() -> dict[str, Row]:
    """The row of each operation of the contract; fails when a section has one too many or too few."""
    written = {operation: row for section in SECTIONS for operation, row in section.rows.items()}
    wanted = document.operations()
    assert set(written) == set(wanted), (
        f"without a check: {sorted(set(wanted) - set(written))}; "
        f"not in the contract: {sorted(set(written) - set(wanted))}"
    )
    for section in SECTIONS:
        strange = [operation for operation in section.rows if wanted[operation] != section.name]
        assert not strange, f"{section.name} holds operations of other sections: {strange}"
    return {operation: written[operation] for operation in wanted}


def chosen(words: Sequence[str]) -> list[str]:
    """Operations whose section or name one of ``words`` is part of; all of them without any."""
    sections = document.operations()
    return [
        operation
        for operation, section in sections.items()
        if not words or any(word == section or word in operation for word in words)
    ]


def part_of(number: int, count: int) -> list[str]:
    """One of ``count`` parts of all operations that take about as long as each other; no section is torn apart."""
    sections = document.operations()
    names = list(dict.fromkeys(sections.values()))
    return [operation for operation, section in sections.items() if names.index(section) % count == number]


async def walk(
    scene: Scene,
    operations: Sequence[str],
    tell: Callable[[Outcome], None] = lambda _: None,
    *,
    with_conventions: bool = True,
) -> Report:
    """Check ``operations``, and the conventions; ``tell`` hears each outcome as it comes."""
    table, sections, report = rows(), document.operations(), Report()
    for operation in operations:
        outcome = await _check(Operation(row=table[operation], scene=scene), sections[operation])
        report.operations.append(outcome)
        tell(outcome)
    for name, keep in CONVENTIONS.items():
        if with_conventions:
            started = time.monotonic()
            faults = await keep(scene)
            state = State.INVALID if faults else State.VALID
            outcome = Outcome(
                name=name,
                section="conventions",
                state=state,
                faults=tuple(faults),
                seconds=time.monotonic() - started,
            )
            report.conventions.append(outcome)
            tell(outcome)
    return report


async def _check(operation: Operation, section: str) -> Outcome:
    started = time.monotonic()
    state, faults = await _state(operation)
    return Outcome(
        name=operation.row.operation,
        section=section,
        state=state,
        faults=faults,
        seconds=time.monotonic() - started,
    )


async def _state(operation: Operation) -> tuple[State, tuple[str, ...]]:
    if not await operation.is_there():
        return State.MISSING, ()
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await operation.run()
    except TimeoutError:
        return State.INVALID, (f"not done after {_CHECK_SECONDS:.0f} s", *operation.faults)
    if operation.faults:
        return State.INVALID, tuple(operation.faults)
    return (State.WAITING, (f"for {operation.awaited}",)) if operation.awaited else (State.VALID, ())
