"""Colleagues over all nodes of the organisation: who they are, where they work, who knows about what.

Each node lists those of its members that want to be found, and other nodes of the organisation ask for the list once a
day. Nobody is ranked by anything but what they say of themselves and what who asks may read anyway.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account
from fedorg.domain.introductions import PATIENCE
from fedorg.domain.jobs import FetchDirectory
from fedorg.domain.people import DEPARTMENT_MAX, JOB_TITLE_MAX, Department, Expert, Person, Work
from fedorg.domain.search import Phrase, SearchPage, SearchScope, StatusQuery
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, jobs, people, search_index

WORDS_MAX: Final = 8
DEPARTMENTS_MAX: Final = 500
# So many statuses, and so many people of each kind, are looked at when somebody asks who knows.
_STATUSES_MAX: Final = 400
_CANDIDATES_MAX: Final = 400
_SIBLINGS_MAX: Final = 100


async def search(
    node: Node, viewer: AccountId, query: str, *, department: str | None, limit: int, offset: int
) -> list[Person]:
    """Colleagues whose name, work or hashtags hold all words of ``query``; without words, everybody."""
    words = _words(query)
    return await node.read(people.search, viewer, node.now(), words, department=department, limit=limit, offset=offset)


async def list_departments(node: Node, viewer: AccountId) -> list[Department]:
    """The departments that colleagues name, and how many of them do."""
    return await node.read(people.list_departments, viewer, node.now(), DEPARTMENTS_MAX)


async def list_experts(node: Node, viewer: AccountId, about: str, limit: int) -> list[Expert]:
    """Who knows about something, the likeliest first; the one who asks is not among them.

    Hashtags on profiles count most, then department, role and profile, then what people wrote as far as ``viewer`` may
    find it. Raises ``Invalid`` when nothing is asked.
    """
    words = _words(about)
    if not words:
        raise Invalid("Validation failed: say what somebody should know about")
    # "supply chain" is the hashtag #SupplyChain.
    names = {name for name in map(text.normalise_hashtag, (*words, "".join(words))) if name}

    def unit(conn: Connection) -> list[Expert]:
        now = node.now()
        stated = people.list_stating(conn, viewer, now, names, _CANDIDATES_MAX) if names else {}
        described = set(people.list_described(conn, viewer, now, words, _CANDIDATES_MAX))
        query = StatusQuery(wanted=(Phrase(words=text.words_of(about)),), unwanted=(), scope=SearchScope.ALL)
        found = search_index.search(conn, viewer, now, query, SearchPage(limit=_STATUSES_MAX))
        written = people.list_writers(conn, viewer, now, found)
        known = people.list_by_ids(conn, {*stated, *described, *written} - {viewer})
        experts = [
            Expert(
                person=person,
                stated=tuple(stated.get(account_id, ())),
                is_described=account_id in described,
                status_ids=tuple(written.get(account_id, ())),
            )
            for account_id, person in known.items()
        ]
        return sorted(experts, key=lambda one: (-one.score, one.person.account.acct))[:limit]

    return await node.read(unit)


async def get_work(node: Node, account_id: AccountId) -> Work | None:
    """Where somebody works, as far as they said."""
    return await node.read(people.find_work, account_id)


async def change_work(node: Node, account: Account, *, department: str | None, job_title: str | None) -> Work:
    """Say where one works and as what; None leaves a part as it is. ``Invalid`` says what is too long."""
    problems = [
        f"{words} is too long (maximum is {most} characters)"
        for words, value, most in (
            ("Department", department, DEPARTMENT_MAX),
            ("Job title", job_title, JOB_TITLE_MAX),
        )
        if value is not None and len(value) > most
    ]
    if problems:
        raise Invalid(f"Validation failed: {', '.join(problems)}")

    def unit(conn: Connection) -> Work:
        accounts.hold(conn, account.id)
        before = people.find_work(conn, account.id) or Work(listed_at=node.now())
        after = Work(
            department=before.department if department is None else text.normalise_line(department),
            job_title=before.job_title if job_title is None else text.normalise_line(job_title),
            listed_at=node.now(),
        )
        people.put(conn, account.id, after)
        return after

    return await node.write(unit)


# Between nodes


async def list_published(node: Node, after: AccountId, limit: int) -> list[Person]:
    """Those members that other nodes of the organisation are told of, from after an id on."""
    return await node.read(people.list_published, after, limit)


async def count_published(node: Node) -> int:
    """How many members other nodes of the organisation are told of."""
    return await node.read(people.count_published)


async def record_listed(node: Node, account: Account, *, department: str | None, job_title: str | None) -> None:
    """A node of the organisation lists one of its people."""
    work = Work(
        department=(department or "")[:DEPARTMENT_MAX],
        job_title=(job_title or "")[:JOB_TITLE_MAX],
        listed_at=node.now(),
    )
    await node.write(people.put, account.id, work)


async def keep_listed(node: Node, uri: str) -> None:
    """A node still lists somebody, of whom nothing new could be learnt."""

    def unit(conn: Connection) -> None:
        account = accounts.find_by_uri(conn, uri)
        work = None if account is None else people.find_work(conn, account.id)
        if account is not None and work is not None:
            people.put(conn, account.id, replace(work, listed_at=node.now()))

    await node.write(unit)


async def end_listing(node: Node, job: FetchDirectory) -> int:
    """The list of a node was read to its end: whom it no longer names is no longer found; how many."""
    return await node.write(people.end_listing, job.domain, job.begun_at)


async def ask_again(node: Node, job: FetchDirectory) -> None:
    """Ask a sibling once more that did not give its list, a little later each time; after some times, tomorrow."""
    if job.refusals < len(PATIENCE):
        now = node.now()
        again = FetchDirectory(domain=job.domain, begun_at=now, refusals=job.refusals + 1)
        due_at = now + PATIENCE[job.refusals]
        await node.write(lambda conn: jobs.enqueue(conn, node.ids, now, again, due_at=due_at))


async def ask_siblings(node: Node) -> int:
    """Ask the nodes of the organisation for their people, each once a day; how many are asked."""

    def unit(conn: Connection) -> int:
        due = people.claim_siblings(conn, node.now(), _SIBLINGS_MAX)
        for domain in due:
            jobs.enqueue(conn, node.ids, node.now(), FetchDirectory(domain=domain, begun_at=node.now()))
        return len(due)

    return await node.write(unit)


def _words(query: str) -> Sequence[str]:
    return query.lower().split()[:WORDS_MAX]
