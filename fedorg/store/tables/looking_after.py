"""What those who look after a node keep: reports, warnings, announcements, emoji, rules, texts."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from fedorg.store.tables.columns import account_id, count, flag, metadata, moment, own_id, string

reports: Final = Table(
    "reports",
    metadata,
    own_id(),
    Column("uri", Text, nullable=False),
    # Who reported may leave; what they reported stays.
    Column("account_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("peer", Text),
    account_id("target_account_id"),
    Column("status_ids", JSON, nullable=False),
    string("comment"),
    Column("category", String(16), nullable=False),
    flag("forwarded"),
    moment("created_at"),
    moment("resolved_at", nullable=True),
    Column("resolved_by", BigInteger),
    Column("rule_ids", JSON),
    # The user who looks into it.
    Column("assigned_to", BigInteger),
    moment("updated_at", nullable=True),
    UniqueConstraint("uri", "target_account_id"),
    Index(None, "account_id"),
    Index(None, "target_account_id"),
    Index("ix_reports_resolved", "resolved_at", "id"),
    Index("ix_reports_peer", "peer", "resolved_at"),
)

# What those who look after the node told accounts, and did to them; who did it is never shown to them (S63).
account_warnings: Final = Table(
    "account_warnings",
    metadata,
    own_id(),
    account_id("target_account_id"),
    Column("action", String(32), nullable=False),
    string("text"),
    # Reports go after a while; what followed from them stays.
    Column("report_id", BigInteger),
    Column("user_id", BigInteger),
    moment("created_at"),
    Index(None, "target_account_id"),
    Index(None, "created_at"),
)

# Addresses that nobody may register with: of a domain, and single ones, kept as a hash.
email_domain_blocks: Final = Table(
    "email_domain_blocks",
    metadata,
    own_id(),
    Column("domain", Text, nullable=False, unique=True),
    moment("created_at"),
)

canonical_email_blocks: Final = Table(
    "canonical_email_blocks",
    metadata,
    own_id(),
    Column("canonical_email_hash", Text, nullable=False, unique=True),
    # Whose suspension made it, and takes it back when it ends; they may be gone.
    Column("reference_account_id", BigInteger),
    moment("created_at"),
    Index(None, "reference_account_id"),
)

# Networks that are kept out, or whose people wait for approval.
ip_blocks: Final = Table(
    "ip_blocks",
    metadata,
    own_id(),
    Column("ip", Text, nullable=False, unique=True),
    Column("severity", String(32), nullable=False),
    string("comment"),
    moment("created_at"),
    moment("expires_at", nullable=True),
)

# What administrators wrote, and the emoji they drew

custom_emojis: Final = Table(
    "custom_emojis",
    metadata,
    own_id(),
    Column("shortcode", Text, nullable=False, unique=True),
    Column("category", Text),
    Column("file", Text, nullable=False),
    Column("static_file", Text, nullable=False),
    Column("visible_in_picker", Boolean, nullable=False),
    moment("disabled_at", nullable=True),
    moment("created_at"),
)

announcements: Final = Table(
    "announcements",
    metadata,
    own_id(),
    Column("text", Text, nullable=False),
    moment("starts_at", nullable=True),
    moment("ends_at", nullable=True),
    flag("all_day"),
    # NULL: not shown to anybody, yet or any more.
    moment("published_at", nullable=True),
    # Each member is asked to say that they know.
    flag("needs_acknowledgement"),
    # Told to the other nodes of the organisation as well.
    flag("for_organisation"),
    # Of one that another node told: its identity, and which node that is.
    Column("uri", Text),
    Column("peer", Text),
    moment("created_at"),
    moment("updated_at"),
    Index("uq_announcements_uri", "uri", unique=True),
)

# Who said that they know; nothing a client does by itself.
announcement_acknowledgements: Final = Table(
    "announcement_acknowledgements",
    metadata,
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    account_id(primary_key=True),
    moment("created_at"),
    Index(None, "account_id"),
)

# How many members of other nodes said so, as those nodes tell.
announcement_counts: Final = Table(
    "announcement_counts",
    metadata,
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    Column("peer", Text, primary_key=True),
    count("acknowledged_count"),
    count("members_count"),
    moment("updated_at"),
)

# Who wants to see it no more; some clients say so for their owner as soon as it was on the screen.
announcement_dismissals: Final = Table(
    "announcement_dismissals",
    metadata,
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    account_id(primary_key=True),
    moment("created_at"),
    Index("ix_announcement_dismissals_account", "account_id"),
)

# A name that somebody reacted with; its id is what streams tell of.
announcement_emojis: Final = Table(
    "announcement_emojis",
    metadata,
    own_id(),
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    moment("created_at"),
    UniqueConstraint("announcement_id", "name"),
)

announcement_reactions: Final = Table(
    "announcement_reactions",
    metadata,
    Column("emoji_id", BigInteger, ForeignKey("announcement_emojis.id", ondelete="CASCADE"), primary_key=True),
    account_id(primary_key=True),
    moment("created_at"),
    Index("ix_announcement_reactions_account", "account_id"),
)

rules: Final = Table(
    "rules",
    metadata,
    own_id(),
    Column("text", Text, nullable=False),
    string("hint"),
    moment("created_at"),
)

instance_texts: Final = Table(
    "instance_texts",
    metadata,
    Column("kind", String(32), primary_key=True),
    # A date in ISO 8601 for terms, of which there are several; empty for what there is one of.
    Column("effective_on", String(10), primary_key=True),
    Column("source", Text, nullable=False),
    moment("updated_at"),
)
