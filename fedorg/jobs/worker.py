"""The worker: takes what is due from the two queues and runs it, until it is told to stop.

Woken by the news of commits, and once a second in case news was missed or a time has come. What it holds is leased and
the leases renewed, so that a process that is killed loses nothing: its work falls due again within half a minute. That
something is held, or done, is only jotted down: after a power cut it may be done again, as after a kill. One bad job
ends itself only (S27): it is tried again later, and buried after a day of tries.

Jobs that wait for other servers and jobs that do not have separate places, so that a slow peer cannot keep statuses
from the timelines here, and so has what people here wait for beside chores and what peers caused. Of what one peer
caused only a part is held, and the smaller a part the less is left; those that kept somebody waiting lately have a
share together (``jobs.lanes``): any number that are silent leave something to the others.
What one actor does to one thing is handled in the order it was taken. What waits for a server holds its place only
while it is quick, jobs and deliveries alike: however many peers have fallen silent, those that are well wait a second
or two, not until the silence counts as a failure.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from time import perf_counter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.jobs import (
    CheckAtOrigin,
    CompleteProfile,
    CompleteThread,
    FetchCard,
    FetchDirectory,
    FetchOrganisation,
    FollowIntroduction,
    HandleActivity,
    IdentifyPeer,
    Job,
    PostScheduledStatus,
    ProcessMedia,
    PushNotification,
    RefreshPoll,
    ResolveThread,
    SendMail,
    SynchroniseFollowers,
    VerifyLinks,
    VerifyQuote,
    WriteOfPlan,
)
from fedorg.errors import Failing
from fedorg.ids import JobId, moment_of
from fedorg.jobs import deliver, run, upkeep
from fedorg.jobs.clock import JUMP_SECONDS, STEADY_SECONDS, ClockWatch, Wakefulness
from fedorg.jobs.lanes import QUICK_SECONDS, Lanes
from fedorg.jobs.leases import LEASE, Leases, Overtaken
from fedorg.jobs.together import Together
from fedorg.node import RUSH_GAP_SECONDS, Node, Turn
from fedorg.services import trends as trend_service
from fedorg.store import clock, deliveries, jobs, trends
from fedorg.store.deliveries import ClaimedDelivery, Window
from fedorg.store.engine import DatabaseClosed
from fedorg.store.jobs import ClaimedJob, Room

RENEW_SECONDS: Final = 10.0
POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.005
UPKEEP_SECONDS: Final = 600.0
TRENDS_SECONDS: Final = 10.0
# Rankings fade even where nothing new is said.
FADING_SECONDS: Final = 300.0
JOB_SECONDS: Final = 300.0

OWN_JOBS_MAX: Final = 64
OWN_JOBS_HELD_MAX: Final = 256
JOBS_BESIDE_MAX: Final = 8
JOBS_OF_OTHERS_MAX: Final = 192
JOBS_OF_OTHERS_HELD_MAX: Final = 320
JOBS_PER_LANE_MAX: Final = 16
# Of those that are held, by lanes that kept somebody waiting lately.
JOBS_OF_SLOW_MAX: Final = 128
LOCAL_JOBS_MAX: Final = 4
# Each keeps a processor busy for up to minutes; statuses must not wait for films.
FILMS_MAX: Final = 1
# They mostly wait for the network; a peer that never answers holds no more than its own share.
REMOTE_JOBS_MAX: Final = 128
DELIVERIES_MAX: Final = 32
# One that is not quick waits for its peer, costs a connection and nothing else, and gives its place back.
DELIVERIES_HELD_MAX: Final = 160
DELIVERIES_PER_DOMAIN_MAX: Final = 4
ILL_DELIVERIES_MAX: Final = 8

ATTEMPTS_MAX: Final = 30
_FIRST_DELAY: Final = timedelta(seconds=5)
_LONGEST_DELAY: Final = timedelta(hours=1)

# What waits for other servers.
_REMOTE: Final = (
    CheckAtOrigin,
    CompleteProfile,
    CompleteThread,
    FetchCard,
    FetchDirectory,
    FetchOrganisation,
    FollowIntroduction,
    HandleActivity,
    IdentifyPeer,
    PostScheduledStatus,
    PushNotification,
    RefreshPoll,
    ResolveThread,
    SendMail,
    SynchroniseFollowers,
    VerifyLinks,
    VerifyQuote,
    WriteOfPlan,
)

Held = TypeVar("Held", ClaimedJob, "_UnderWay")

logger = log.get_logger()


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A delivery and when it was begun, by the clock of the event loop."""

    claimed: ClaimedDelivery
    begun: float


class Worker:
    """Runs the jobs and deliveries of a node; ``run`` until ``stop``."""

    def __init__(self, node: Node) -> None:
        self._node = node.working_for(Turn.JOBS)
        self._stopping = False
        self._wake = asyncio.Event()
        self._local = asyncio.Semaphore(LOCAL_JOBS_MAX)
        self._beside = asyncio.Semaphore(LOCAL_JOBS_MAX)
        self._remote = Lanes(REMOTE_JOBS_MAX)
        self._films = asyncio.Semaphore(FILMS_MAX)
        self._jobs: dict[asyncio.Task[None], ClaimedJob] = {}
        # When each was begun, by the clock of the event loop.
        self._begun: dict[JobId, float] = {}
        self._leases = Leases(node.now)
        self._renewed_at = node.now()
        self._finished = Together(self._record_finished)
        self._delivered = Together(self._record_delivered)
        self._ranked = (0, 0)
        self._ranked_at = 0.0
        self._deliveries: dict[asyncio.Task[None], _UnderWay] = {}
        # Of one place that is free, news has its turn every other time.
        self._odd = cycle((0, 1))
        self._clock = ClockWatch(node.now)
        self._wakefulness = Wakefulness()
        self._is_set = False
        self._is_set_back = False
        # By the clock of the event loop.
        self._upkeep_from = 0.0

    async def run(self) -> None:
        """Work until ``stop``, then let what runs end within ``shutdown_seconds``."""
        beside = [
            asyncio.create_task(self._listen(), name="worker.listen"),
            asyncio.create_task(self._every(RENEW_SECONDS, self._renew), name="worker.renew"),
            asyncio.create_task(self._every(UPKEEP_SECONDS, self._keep_up), name="worker.upkeep"),
            asyncio.create_task(self._every(TRENDS_SECONDS, self._rank), name="worker.trends"),
        ]
        try:
            await self._guarded("worker.failed", self._look_back)
            while not self._stopping:
                self._wake.clear()
                await self._guarded("worker.claim_failed", self._fill)
                await self._until_woken()
                # What comes within moments is claimed together.
                await asyncio.sleep(GATHER_SECONDS)
            await self._drain()
        finally:
            for task in (*beside, *self._jobs, *self._deliveries):
                task.cancel()
            await asyncio.gather(*beside, *self._jobs, *self._deliveries, return_exceptions=True)

    async def _until_woken(self) -> None:
        # What is taken in a rush is not news any more when the rush is over.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RUSH_GAP_SECONDS if self._node.rush.is_on else None):
                await self._wake.wait()

    async def stop(self) -> None:
        """Take nothing new; ``run`` ends when what runs has ended."""
        self._stopping = True
        self._wake.set()

    async def _listen(self) -> None:
        news = self._node.db.changes.subscribe()
        with contextlib.suppress(DatabaseClosed):
            while True:
                await news.wait(POLL_SECONDS)
                self._wakefulness.look()
                self._wake.set()

    async def _every(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._guarded("worker.failed", action)
            await asyncio.sleep(seconds)

    async def _guarded(self, event: str, action: Callable[[], Awaitable[None]]) -> None:
        """Nothing that goes wrong between jobs ends the worker; the next turn tries again."""
        try:
            await action()
        except DatabaseClosed:
            self._stopping = True
            self._wake.set()
        except Failing as problem:
            # Where in the program that was is no news: it may be said every second for as long as a database is away.
            logger.warning(event, reason=str(problem))
        except Exception:
            logger.exception(event)

    async def _look_back(self) -> None:
        """Whether the clock was set back while nobody was there to see it."""
        newest = await self._node.read(clock.newest_id)
        self._is_set = self._is_set_back = moment_of(newest) - self._node.now() > timedelta(seconds=JUMP_SECONDS)

    async def _mind_the_clock(self) -> None:
        """See ``fedorg.jobs.clock``."""
        seconds = self._clock.look()
        if seconds:
            logger.warning("clock.jumped", seconds=round(seconds))
            self._upkeep_from = asyncio.get_running_loop().time() + STEADY_SECONDS
            self._is_set, self._is_set_back = True, seconds < 0
        if self._is_set:
            await self._node.write(_set_right, self._node.now(), is_back=self._is_set_back)
            self._is_set = False

    async def _fill(self) -> None:
        await self._mind_the_clock()
        now = self._node.now()
        if now - self._renewed_at >= LEASE:
            # This process stood still: what is due is its own, and maybe nobody else has taken it over.
            await self._renew()
            now = self._node.now()
        are_jobs_due, are_deliveries_due = await self._node.glance(_look, now)
        if are_jobs_due:
            for job in await self._node.jot(jobs.claim, now=now, lease=LEASE, room=self._room()):
                self._leases.add(job, now)
                self._start(self._jobs, job, self._run_job(job)).add_done_callback(partial(self._leases.drop, job))
        window = self._window()
        if window.free and are_deliveries_due:
            for delivery in await self._node.jot(deliveries.claim, now=now, lease=LEASE, window=window):
                under_way = _UnderWay(delivery, asyncio.get_running_loop().time())
                _ = self._start(self._deliveries, under_way, self._run_delivery(delivery))

    def _room(self) -> Room:
        held = self._jobs.values()
        own = [job for job in held if job.lane is None]
        others = [job for job in held if job.lane is not None and not jobs.is_own_lane(job.lane)]
        left = min(JOBS_OF_OTHERS_MAX - self._count_quick(others), JOBS_OF_OTHERS_HELD_MAX - len(others))
        slow = self._remote.slow()
        return Room(
            own=min(OWN_JOBS_MAX - self._count_quick(own), OWN_JOBS_HELD_MAX - len(own)),
            beside=JOBS_BESIDE_MAX,
            others=0 if self._node.rush.is_on else left,
            lane_max=JOBS_PER_LANE_MAX,
            busy=Counter(job.lane for job in held if job.lane is not None),
            slow=slow,
            slow_free=JOBS_OF_SLOW_MAX - sum(job.lane in slow for job in others),
        )

    def _count_quick(self, held: Sequence[ClaimedJob]) -> int:
        slow = asyncio.get_running_loop().time() - QUICK_SECONDS
        return sum(self._begun.get(job.id, slow) >= slow for job in held)

    def _window(self) -> Window:
        slow = asyncio.get_running_loop().time() - QUICK_SECONDS
        quick = sum(one.begun > slow for one in self._deliveries.values())
        held = [one.claimed for one in self._deliveries.values()]
        free = max(0, min(DELIVERIES_MAX - quick, DELIVERIES_HELD_MAX - len(held)))
        return Window(
            free=free,
            news=(free + next(self._odd)) // 2,
            domain_max=DELIVERIES_PER_DOMAIN_MAX,
            ill_free=max(0, ILL_DELIVERIES_MAX - sum(delivery.is_ill for delivery in held)),
            busy=Counter(delivery.domain for delivery in held),
            held=[delivery.id for delivery in held],
        )

    def _start(
        self, held: dict[asyncio.Task[None], Held], begun: Held, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        held[task] = begun

        def ended(task: asyncio.Task[None]) -> None:
            held.pop(task, None)
            self._wake.set()

        task.add_done_callback(ended)
        return task

    async def _run_job(self, claimed: ClaimedJob) -> None:
        if claimed.job is None or claimed.attempts > ATTEMPTS_MAX:
            await self._bury(claimed, "it cannot be read" if claimed.job is None else "it ended the process each time")
            return
        async with self._place(claimed):
            self._begun[claimed.id] = asyncio.get_running_loop().time()
            started = perf_counter()
            kind = type(claimed.job).__name__
            try:
                async with asyncio.timeout(JOB_SECONDS):
                    rest = await run.run(self._leases.fenced(self._node, claimed), claimed.job, claimed.id)
                await self._finish(claimed, rest)
                self._node.metrics.jobs.labels(kind=kind, outcome="done").inc()
            except Overtaken:
                logger.warning("job.overtaken", kind=kind, attempt=claimed.attempts)
                self._node.metrics.jobs.labels(kind=kind, outcome="overtaken").inc()
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is this job's, not the worker's (S27)
                await self._fail(claimed, kind, problem)
            finally:
                # One that stood still may be at a job for the second time meanwhile.
                self._begun.pop(claimed.id, None)
                self._node.metrics.job_seconds.labels(kind=kind).observe(perf_counter() - started)

    def _place(self, claimed: ClaimedJob) -> AbstractAsyncContextManager[None]:
        """A place to run such a job in."""
        if isinstance(claimed.job, ProcessMedia):
            return self._films
        if isinstance(claimed.job, _REMOTE):
            return self._remote.place(claimed.lane)
        return self._local if claimed.lane is None else self._beside

    async def _finish(self, claimed: ClaimedJob, rest: Job | None) -> None:
        if rest is None:
            await self._finished.add(claimed)
        else:
            await self._node.write(jobs.proceed, claimed, rest, self._node.now())

    async def _record_finished(self, finished: Sequence[ClaimedJob]) -> None:
        await self._node.jot(jobs.finish, *finished)

    async def _record_delivered(self, successes: Sequence[deliver.Success]) -> None:
        await self._node.jot(deliver.record_successes, self._node, successes)

    async def _fail(self, claimed: ClaimedJob, kind: str, problem: Exception) -> None:
        reason = f"{type(problem).__name__}: {problem}"
        if claimed.attempts >= ATTEMPTS_MAX:
            await self._bury(claimed, reason)
            return
        delay = min(_FIRST_DELAY * 2 ** min(claimed.attempts - 1, 16), _LONGEST_DELAY)
        logger.warning("job.failed", kind=kind, attempt=claimed.attempts, reason=reason, seconds=delay.total_seconds())
        self._node.metrics.jobs.labels(kind=kind, outcome="failed").inc()
        await self._guarded(
            "job.unrecorded",
            lambda: self._node.write(jobs.retry, claimed, self._node.now() + delay, reason),
        )

    async def _bury(self, claimed: ClaimedJob, reason: str) -> None:
        kind = "(unreadable)" if claimed.job is None else type(claimed.job).__name__
        logger.error("job.buried", kind=kind, job=claimed.id, attempt=claimed.attempts, reason=reason)
        self._node.metrics.jobs.labels(kind=kind, outcome="buried").inc()
        await self._guarded("job.unrecorded", lambda: self._node.write(jobs.bury, claimed, self._node.now(), reason))

    async def _run_delivery(self, claimed: ClaimedDelivery) -> None:
        # The lease ends, and another try begins, where the result could not be written down.
        await self._guarded(
            "delivery.unrecorded", lambda: deliver.deliver(self._node, claimed, self._delivered, self._wakefulness)
        )

    async def _release(self, claimed: ClaimedJob) -> None:
        await self._node.jot(jobs.release, claimed, self._node.now())

    async def _renew(self) -> None:
        now = self._node.now()
        if self._jobs:
            await self._leases.renew(self._node, list(self._jobs.values()))
        if self._deliveries:
            claimed = [one.claimed for one in self._deliveries.values()]
            await self._node.jot(deliveries.renew, claimed, now + LEASE)
        self._renewed_at = now

    async def _keep_up(self) -> None:
        if asyncio.get_running_loop().time() >= self._upkeep_from:
            await upkeep.keep_up(self._node)

    async def _rank(self) -> None:
        now = asyncio.get_running_loop().time()
        newest = await self._node.read(trends.latest)
        if newest != self._ranked or now - self._ranked_at >= FADING_SECONDS:
            await trend_service.refresh(self._node)
            self._ranked, self._ranked_at = newest, now

    async def _drain(self) -> None:
        """Give back what was not begun, and wait for the rest."""
        for task, claimed in list(self._jobs.items()):
            if claimed.id not in self._begun:
                task.cancel()
                await self._guarded("job.unrecorded", partial(self._release, claimed))
        await asyncio.sleep(0)
        running = {*self._jobs, *self._deliveries}
        if running:
            await asyncio.wait(running, timeout=self._node.settings.shutdown_seconds)


def _look(conn: Connection, now: datetime) -> tuple[bool, bool]:
    """Whether any job and any delivery is due."""
    return jobs.is_any_due(conn, now), deliveries.is_any_due(conn, now)


def _set_right(conn: Connection, now: datetime, *, is_back: bool) -> None:
    clock.keep_leases(conn, now, LEASE)
    if is_back:
        clock.make_due(conn, now)
