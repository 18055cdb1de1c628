"""What this node agreed with others."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from fedorg.store.tables.columns import count, flag, metadata, moment, own_id, string

# One row for each time that two nodes came to terms, or tried to; what was done to it stands in the audit log.
partnerships: Final = Table(
    "partnerships",
    metadata,
    own_id(),
    Column("domain", Text, nullable=False),
    Column("tier", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    # The domain again until it is over: there is at most one with a peer that is not.
    Column("live_domain", Text, unique=True),
    Column("is_inviter", Boolean, nullable=False),
    Column("ours", JSON, nullable=False),
    Column("theirs", JSON(none_as_null=True)),
    Column("their_actor", Text, nullable=False),
    Column("their_uri", Text),
    string("note"),
    string("reason"),
    Column("fingerprint", Text),
    flag("approved_here"),
    flag("approved_there"),
    flag("suspended_here"),
    flag("suspended_there"),
    # Since when it will be suspended, NULL: that is not planned.
    moment("suspends_here_at", nullable=True),
    string("suspends_here_why"),
    moment("suspends_there_at", nullable=True),
    string("suspends_there_why"),
    moment("created_at"),
    moment("updated_at"),
    moment("expires_at"),
    moment("active_since", nullable=True),
    moment("noticed_at", nullable=True),
    count("purge_asked"),
    Index("ix_partnerships_domain", "domain", "id"),
)

# What is made of the nodes that a sibling introduces, and when it was last asked for its list.
introducers: Final = Table(
    "introducers",
    metadata,
    Column("domain", Text, primary_key=True),
    # NULL: as the settings say.
    Column("policy", String(16)),
    Column("priority", Integer, nullable=False, server_default=text("100")),
    moment("asked_at", nullable=True),
)

# Which sibling named which node, and what became of it.
introductions: Final = Table(
    "introductions",
    metadata,
    Column("introducer", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("state", String(16), nullable=False),
    # What was agreed because of it.
    Column("partnership_id", BigInteger),
    moment("first_seen_at"),
    moment("last_seen_at"),
    moment("retracted_at", nullable=True),
    Index("ix_introductions_domain", "domain"),
)
