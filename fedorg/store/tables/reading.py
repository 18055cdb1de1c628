"""What reaches a reader: home timelines, notifications, conversations, markers, events."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from fedorg.store.tables.columns import account_id, count, flag, flag_set, metadata, moment, own_id, status_id

home_timeline: Final = Table(
    "home_timeline",
    metadata,
    account_id(primary_key=True),
    status_id(primary_key=True),
    account_id("author_id"),
    # A boost of what stands there already: lists of its booster show it, the home timeline does not.
    flag("lists_only"),
    Index("ix_home_timeline_author", "account_id", "author_id"),
    Index("ix_home_timeline_status", "status_id"),
    # Whose author goes.
    Index("ix_home_timeline_by", "author_id"),
)

# What still has to leave a home timeline: all below ``below`` that an account wrote or boosted, and boosts of it up to
# ``until``: what is boosted after that comes by others whom one follows.
home_removals: Final = Table(
    "home_removals",
    metadata,
    account_id(primary_key=True),
    account_id("author_id", primary_key=True),
    Column("below", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index(None, "author_id"),
)

notifications: Final = Table(
    "notifications",
    metadata,
    own_id(),
    account_id(),
    Column("type", String(32), nullable=False),
    account_id("from_account_id"),
    Column("origin", BigInteger, nullable=False),
    status_id(nullable=True),
    # What is told as one; NULL for what stands alone.
    Column("group_key", String(64)),
    # It waits until the account accepts to hear of whoever caused it.
    flag("filtered"),
    moment("created_at"),
    UniqueConstraint("account_id", "type", "from_account_id", "origin"),
    Index("ix_notifications_account", "account_id", "id"),
    Index("ix_notifications_type", "account_id", "type", "id"),
    Index("ix_notifications_group", "account_id", "group_key", "id"),
    Index("ix_notifications_status", "status_id"),
    Index("ix_notifications_from", "from_account_id"),
)

# How many follows each member lost when a server or an account was shut out.
severances: Final = Table(
    "severances",
    metadata,
    own_id(),
    Column("cause", BigInteger, nullable=False),
    account_id(),
    Column("type", String(32), nullable=False),
    Column("target_name", Text, nullable=False),
    count("followers_count"),
    count("following_count"),
    # Whether nobody knows any more who was lost.
    flag_set("purged"),
    moment("created_at"),
    UniqueConstraint("cause", "account_id"),
    Index(None, "account_id"),
    Index(None, "created_at"),
)

# Who was lost, by the handle of that day, and how a member followed them.
severed_follows: Final = Table(
    "severed_follows",
    metadata,
    Column(
        "severance_id",
        BigInteger,
        ForeignKey("severances.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("is_follower", Boolean, primary_key=True),
    Column("handle", Text, primary_key=True),
    flag_set("show_reblogs"),
    flag("notify"),
    Column("languages", JSON, nullable=False),
)

# From whom somebody wants to hear, who asks to be heard, and who is heard whatever the policy says.

notification_policies: Final = Table(
    "notification_policies",
    metadata,
    account_id(primary_key=True),
    Column("for_not_following", String(16), nullable=False),
    Column("for_not_followers", String(16), nullable=False),
    Column("for_new_accounts", String(16), nullable=False),
    Column("for_private_mentions", String(16), nullable=False),
    Column("for_limited_accounts", String(16), nullable=False),
    Column("for_bots", String(16), nullable=False),
    moment("updated_at"),
)

notification_requests: Final = Table(
    "notification_requests",
    metadata,
    own_id(),
    account_id(),
    account_id("from_account_id"),
    Column("last_status_id", BigInteger, ForeignKey("statuses.id", ondelete="SET NULL")),
    moment("created_at"),
    moment("updated_at"),
    UniqueConstraint("account_id", "from_account_id"),
    Index("ix_notification_requests_from", "from_account_id"),
    Index("ix_notification_requests_status", "last_status_id"),
)

notification_permissions: Final = Table(
    "notification_permissions",
    metadata,
    account_id(primary_key=True),
    account_id("from_account_id", primary_key=True),
    # What waited until now is still being brought in.
    flag("is_merging"),
    moment("created_at"),
    Index("ix_notification_permissions_from", "from_account_id"),
)

# Threads somebody wants to hear nothing of; a thread is named by the status it begins with, which may be gone.
thread_mutes: Final = Table(
    "thread_mutes",
    metadata,
    account_id(primary_key=True),
    Column("thread_id", BigInteger, primary_key=True),
    moment("created_at"),
    Index(None, "thread_id"),
    Index(None, "created_at"),
)

# Statuses for addressees only, by thread and by who is in it, once for each member among them.
conversations: Final = Table(
    "conversations",
    metadata,
    own_id(),
    account_id(),
    Column("thread_id", BigInteger, nullable=False),
    # The others; there may be too many for a key, which is a digest of them.
    Column("participants", JSON, nullable=False),
    Column("participants_key", String(64), nullable=False),
    Column("last_status_id", BigInteger, nullable=False),
    flag("unread"),
    UniqueConstraint("account_id", "thread_id", "participants_key"),
    Index("ix_conversations_account", "account_id", "last_status_id"),
    Index(None, "thread_id"),
)

conversation_statuses: Final = Table(
    "conversation_statuses",
    metadata,
    Column("conversation_id", BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    status_id(primary_key=True),
    Index("ix_conversation_statuses_status", "status_id"),
)

markers: Final = Table(
    "markers",
    metadata,
    account_id(primary_key=True),
    Column("timeline", String(16), primary_key=True),
    Column("last_read_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    moment("updated_at"),
)

events: Final = Table(
    "events",
    metadata,
    # Given by the database in order of insertion: readers keep the last one they saw.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    # SQLite counts no characters, and would have to copy the table to forget that it was told sixteen.
    Column("kind", String(32).with_variant(String(16), "sqlite"), nullable=False),
    Column("account_id", BigInteger),
    Column("subject_id", BigInteger, nullable=False),
    moment("created_at"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)
