"""Which jobs a worker holds: what others took over while its process stood still is theirs alone.

A process may be stopped, or its machine, for longer than a lease, and goes on later where it was: in the middle of a
job that another has done meanwhile, and maybe what undid it. So whatever a job writes begins with the question whether
it is still its worker's. Just after a renewal the clock says so; later the database is asked, in the very transaction,
and keeps the answer true until the commit. One that stands still in a transaction of PostgreSQL loses it
(``store.postgresql``) before a lease that was trusted can end; on SQLite nobody takes anything over beside it.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection

from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.store import jobs
from fedorg.store.jobs import ClaimedJob

LEASE: Final = timedelta(seconds=30)
TRUSTED: Final = timedelta(seconds=20)
"""So long after it was claimed or renewed, a job is its worker's without asking."""


class Overtaken(Exception):
    """Another process has taken the job over, or done it; what was to be written is not."""


class Leases:
    """The jobs of one worker, by job and try: one that stood still may hold a job twice."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._leased_at: dict[tuple[JobId, int], datetime] = {}

    def add(self, claimed: ClaimedJob, at: datetime) -> None:
        """It was claimed."""
        self._leased_at[_key(claimed)] = at

    def drop(self, claimed: ClaimedJob, _ended: object = None) -> None:
        """It has ended; also as what a task calls at its end."""
        self._leased_at.pop(_key(claimed), None)

    def fenced(self, node: Node, claimed: ClaimedJob) -> Node:
        """The node for what runs such a job: its writes raise ``Overtaken`` when the job is another's."""
        return node.behind(partial(self._require_held, claimed))

    async def renew(self, node: Node, claimed: Collection[ClaimedJob]) -> None:
        """Hold them for another lease, but for those that others hold."""
        now = self._now()
        for key in await node.jot(jobs.renew, claimed, now + LEASE):
            if key in self._leased_at:
                self._leased_at[key] = now

    def _require_held(self, claimed: ClaimedJob, conn: Connection) -> None:
        leased_at = self._leased_at.get(_key(claimed))
        is_sure = leased_at is not None and timedelta(0) <= self._now() - leased_at < TRUSTED
        if not (is_sure or jobs.is_held(conn, claimed)):
            raise Overtaken


def _key(claimed: ClaimedJob) -> tuple[JobId, int]:
    return claimed.id, claimed.attempts
