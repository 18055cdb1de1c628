"""Between accounts: follows, blocks, mutes, lists, recommendations, filters."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from fedorg.store.tables.columns import account_id, flag, flag_set, metadata, moment, own_id, status_id, string

follows: Final = Table(
    "follows",
    metadata,
    own_id(),
    account_id(),
    account_id("target_id"),
    Column("uri", Text, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("show_reblogs", Boolean, nullable=False),
    flag("notify"),
    Column("languages", JSON, nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_follows_target", "target_id", "state", "account_id"),
    # Pages of followers and of those who are followed, in their order.
    Index("ix_follows_followers", "target_id", "state", "id"),
    Index("ix_follows_following", "account_id", "state", "id"),
)

blocks: Final = Table(
    "blocks",
    metadata,
    own_id(),
    account_id(),
    account_id("target_id"),
    Column("uri", Text, nullable=False, unique=True),
    moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_blocks_account", "account_id", "id"),
    Index(None, "target_id"),
)

mutes: Final = Table(
    "mutes",
    metadata,
    own_id(),
    account_id(),
    account_id("target_id"),
    Column("notifications", Boolean, nullable=False),
    moment("expires_at", nullable=True),
    moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_mutes_account", "account_id", "id"),
    Index(None, "target_id"),
)

account_notes: Final = Table(
    "account_notes",
    metadata,
    account_id(primary_key=True),
    account_id("target_id", primary_key=True),
    Column("comment", Text, nullable=False),
    Index(None, "target_id"),
)

# Whom somebody recommends; it ends with the follow.
endorsements: Final = Table(
    "endorsements",
    metadata,
    own_id(),
    account_id(),
    account_id("target_id"),
    Column("follow_id", BigInteger, ForeignKey("follows.id", ondelete="CASCADE"), nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_endorsements_target", "target_id"),
    Index("ix_endorsements_follow", "follow_id"),
)

# Whom somebody recommends, by theme. Who left a collection keeps a row there, so as not to be put back.
featured_collections: Final = Table(
    "featured_collections",
    metadata,
    own_id(),
    account_id(),
    Column("uri", Text, nullable=False),
    Column("name", Text, nullable=False),
    string("description"),
    Column("language", Text),
    Column("tag_name", Text),
    Column("tag_display_name", Text),
    flag("sensitive"),
    flag_set("discoverable"),
    moment("created_at"),
    moment("updated_at"),
    Index("ix_featured_collections_account", "account_id", "id"),
)

featured_collection_items: Final = Table(
    "featured_collection_items",
    metadata,
    own_id(),
    Column("collection_id", BigInteger, ForeignKey("featured_collections.id", ondelete="CASCADE"), nullable=False),
    account_id(),
    Column("state", String(16), nullable=False),
    moment("created_at"),
    UniqueConstraint("collection_id", "account_id"),
    Index("ix_featured_collection_items_account", "account_id", "collection_id"),
)

# Servers somebody wants to hear nothing from.
account_domain_blocks: Final = Table(
    "account_domain_blocks",
    metadata,
    own_id(),
    account_id(),
    Column("domain", Text, nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "domain"),
)

dismissed_suggestions: Final = Table(
    "dismissed_suggestions",
    metadata,
    account_id(primary_key=True),
    account_id("target_id", primary_key=True),
    moment("created_at"),
    Index("ix_dismissed_suggestions_target", "target_id"),
)

# Lists of accounts somebody follows: a membership ends with its follow.

lists: Final = Table(
    "lists",
    metadata,
    own_id(),
    account_id(),
    Column("title", Text, nullable=False),
    Column("replies_policy", String(16), nullable=False),
    flag("exclusive"),
    moment("created_at"),
    Index("ix_lists_account", "account_id", "id"),
)

list_accounts: Final = Table(
    "list_accounts",
    metadata,
    own_id(),
    Column("list_id", BigInteger, ForeignKey("lists.id", ondelete="CASCADE"), nullable=False),
    account_id(),
    # NULL for the owner of the list, who follows nobody to be in it.
    Column("follow_id", BigInteger, ForeignKey("follows.id", ondelete="CASCADE")),
    UniqueConstraint("list_id", "account_id"),
    Index("ix_list_accounts_account", "account_id", "list_id"),
    Index("ix_list_accounts_follow", "follow_id"),
)

# What somebody does not want to meet

filters: Final = Table(
    "filters",
    metadata,
    own_id(),
    account_id(),
    Column("title", Text, nullable=False),
    Column("contexts", JSON, nullable=False),
    Column("action", String(16), nullable=False),
    moment("expires_at", nullable=True),
    moment("created_at"),
    Index("ix_filters_account", "account_id", "id"),
)

filter_keywords: Final = Table(
    "filter_keywords",
    metadata,
    own_id(),
    Column("filter_id", BigInteger, ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    Column("keyword", Text, nullable=False),
    flag("whole_word"),
    Index("ix_filter_keywords_filter", "filter_id", "id"),
)

filter_statuses: Final = Table(
    "filter_statuses",
    metadata,
    own_id(),
    Column("filter_id", BigInteger, ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    status_id(),
    UniqueConstraint("filter_id", "status_id"),
    Index("ix_filter_statuses_status", "status_id"),
)
