"""What this node agreed with others."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, Text

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
    moment("created_at"),
    moment("updated_at"),
    moment("expires_at"),
    moment("active_since", nullable=True),
    moment("noticed_at", nullable=True),
    count("purge_asked"),
    Index("ix_partnerships_domain", "domain", "id"),
)
