"""Other servers, and the work that is owed: peers, jobs, deliveries, and what is remembered of it."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
)

from fedorg.store.tables.columns import account_id, count, flag, metadata, moment, own_id, partial_index, status_id

peers: Final = Table(
    "peers",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("tier", String(16), nullable=False),
    Column("signature_scheme", String(32)),
    # The actor that speaks for the server, and what its actors say that it can do (FEP-844e).
    Column("node_actor", Text),
    Column("implements", JSON),
    Column("software", Text),
    Column("software_version", Text),
    # When the peer was last asked what it runs, whether or not it answered.
    moment("asked_at", nullable=True),
    # When it was last asked for the people it lists.
    moment("directory_asked_at", nullable=True),
    moment("first_seen_at"),
    moment("last_success_at", nullable=True),
    moment("last_failure_at", nullable=True),
    Column("last_error", Text),
    count("failures"),
    moment("closed_until", nullable=True),
    # How much may pass, whatever the tier allows; NULL: no limit.
    Column("ceilings", JSON(none_as_null=True)),
    # What administrators say of it beside any partnership: this holds again when one ends.
    Column("own_ceilings", JSON(none_as_null=True)),
    # A rule that administrators made about the server, and when: the tier ``blocked`` never comes without one.
    Column("block_id", BigInteger),
    moment("blocked_at", nullable=True),
    flag("is_silenced"),
    flag("reject_media"),
    flag("reject_reports"),
    flag("obfuscate"),
    Column("public_comment", Text),
    Column("private_comment", Text),
    # Since when it is a partner or a sibling.
    Column("allow_id", BigInteger),
    moment("allowed_at", nullable=True),
    Index(None, "block_id", unique=True),
    Index(None, "allow_id", unique=True),
)

# How far upkeep has come that walks large tables in steps.
upkeep_cursors: Final = Table(
    "upkeep_cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

jobs: Final = Table(
    "jobs",
    metadata,
    own_id(),
    Column("payload", Text, nullable=False),
    # Whose doing it is: another server, or NULL for this node's own work. No server fills the place of others.
    Column("lane", Text),
    # What it is about: of one subject, nothing begins before what came earlier was tried.
    Column("subject", Text),
    count("attempts"),
    moment("due_at"),
    moment("leased_until", nullable=True),
    moment("dead_at", nullable=True),
    Column("last_error", Text),
    moment("created_at"),
    Index("ix_jobs_subject", "subject", "id"),
)

activities: Final = Table(
    "activities",
    metadata,
    own_id(),
    Column("uri", Text, nullable=False, unique=True),
    account_id(),
    Column("type", String(32), nullable=False),
    # The ring a server must lie in when the delivery is due, whatever it was when the delivery was queued.
    Column("reach", String(16), nullable=False),
    Column("body", Text, nullable=False),
    # Addressed to followers: each delivery says who they are at its server.
    flag("for_followers"),
    # What is agreed with a server, and what ends: it leaves whatever the server's tier is, unless that is blocked.
    flag("beyond_tier"),
    # Up to which inbox, in their order, deliveries are queued; NULL: to all of them.
    Column("queued_until", Text),
    moment("created_at"),
    Index(None, "account_id"),
    Index(None, "created_at"),
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    own_id(),
    Column("activity_id", BigInteger, ForeignKey("activities.id", ondelete="CASCADE"), nullable=False),
    Column("inbox", Text, nullable=False),
    Column("domain", Text, nullable=False),
    # Deliveries of one object to one inbox go out in order of their ids.
    Column("object_uri", Text, nullable=False),
    count("attempts"),
    moment("due_at"),
    moment("leased_until", nullable=True),
    moment("dead_at", nullable=True),
    Column("last_error", Text),
    moment("created_at"),
    UniqueConstraint("activity_id", "inbox"),
    Index("ix_deliveries_object", "object_uri", "inbox", "id"),
    Index("ix_deliveries_domain", "domain", "id"),
)

for _queue in (jobs, deliveries):
    partial_index(f"ix_{_queue.name}_dead", _queue.c.dead_at, where=_queue.c.dead_at.is_not(None))

_waits: Final = jobs.c.dead_at.is_(None)
# Whoever looks past what waits in lanes that are full reads none of it.
partial_index("ix_jobs_waiting", jobs.c.due_at, jobs.c.id, jobs.c.lane, where=_waits)
partial_index("ix_jobs_own", jobs.c.due_at, jobs.c.id, where=and_(_waits, jobs.c.lane.is_(None)))
partial_index("ix_jobs_lane", jobs.c.lane, jobs.c.due_at, jobs.c.id, where=and_(_waits, jobs.c.lane.is_not(None)))
partial_index("ix_deliveries_waiting", deliveries.c.due_at, deliveries.c.id, where=deliveries.c.dead_at.is_(None))

# Inboxes that answered 410; nothing is queued for them until upkeep forgets them.
gone_inboxes: Final = Table(
    "gone_inboxes",
    metadata,
    Column("inbox", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    moment("gone_at"),
    Index(None, "domain"),
    Index(None, "gone_at"),
)

# Every inbox a status was sent to: a Delete reaches everyone who was ever sent the status.
status_inboxes: Final = Table(
    "status_inboxes",
    metadata,
    status_id(primary_key=True),
    Column("inbox", Text, primary_key=True),
)

# What somebody did in a year; without a version while it is being counted.
annual_reports: Final = Table(
    "annual_reports",
    metadata,
    account_id(primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("data", JSON(none_as_null=True)),
    Column("schema_version", Integer),
    moment("asked_at"),
    moment("read_at", nullable=True),
)

# When other servers were last asked for what is missing of a thread or a profile. A refresh is what clients call it.
completions: Final = Table(
    "completions",
    metadata,
    Column("subject", Text, primary_key=True),
    moment("asked_at"),
    Column("refresh_id", Text),
    moment("finished_at", nullable=True),
    Column("found", Integer),
    Index(None, "asked_at"),
    Index(None, "refresh_id"),
)

# Stored files that no row refers to, yet or any more: what a crash left behind is found here.
loose_files: Final = Table(
    "loose_files",
    metadata,
    Column("name", Text, primary_key=True),
    moment("since"),
    Index(None, "since"),
)

seen_activities: Final = Table(
    "seen_activities",
    metadata,
    Column("uri", Text, primary_key=True),
    moment("received_at"),
    Index(None, "received_at"),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    own_id(),
    Column("action", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("target", Text, nullable=False),
    Column("details", JSON, nullable=False),
    moment("created_at"),
    Index(None, "created_at"),
)
