"""Every table of a node. Names of columns are the names of the values in ``fedorg.domain``.

Times are milliseconds since 1970 (``Moment`` turns them into aware UTC), so that both engines sort and compare them
alike. Each table that only logs has an ``…_at`` column that the upkeep job prunes by. Unique keys are what makes
doing a thing twice doing it once (blueprint §3).
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.types import TypeEngine
from typing_extensions import override

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored as milliseconds since 1970."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Milliseconds; a naive time is a programming error and raises ``TypeError``."""
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware UTC."""
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


def _id() -> Column[int]:
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


def _account(name: str = "account_id", *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    return Column(
        name, BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=nullable, primary_key=primary_key
    )


def _status(name: str = "status_id", *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    return Column(
        name, BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=nullable, primary_key=primary_key
    )


def _flag_set(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=true())


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _string(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


# People

accounts: Final = Table(
    "accounts",
    metadata,
    _id(),
    Column("username", Text, nullable=False),
    Column("domain", Text),
    # The server: what tiers, reach and deliveries go by. The domain above is the one in the handle.
    Column("peer", Text),
    # lower(username)@lower(domain), or lower(username) alone: one spelling, one account (S7).
    Column("acct_key", Text, nullable=False, unique=True),
    Column("uri", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("actor_type", String(16), nullable=False),
    _string("display_name"),
    _string("note"),
    _string("note_source"),
    Column("fields", JSON, nullable=False),
    Column("emojis", JSON, nullable=False),
    Column("avatar", Text),
    Column("avatar_static", Text),
    _string("avatar_description"),
    Column("header", Text),
    _string("header_description"),
    _flag("locked"),
    _flag("discoverable"),
    _flag("indexable"),
    _flag("hide_collections"),
    _flag("memorial"),
    _flag_set("show_media"),
    _flag_set("show_media_replies"),
    _flag_set("show_featured"),
    Column("attribution_domains", JSON),
    _string("inbox"),
    Column("shared_inbox", Text),
    _string("outbox"),
    _string("followers_uri"),
    _string("following_uri"),
    Column("featured_uri", Text),
    Column("featured_tags_uri", Text),
    Column("also_known_as", JSON, nullable=False),
    Column("moved_to_uri", Text),
    _moment("moved_at", nullable=True),
    _moment("suspended_at", nullable=True),
    _flag("suspended_remotely"),
    _moment("deleted_at", nullable=True),
    _moment("silenced_at", nullable=True),
    _moment("sensitized_at", nullable=True),
    _moment("created_at"),
    _moment("updated_at", nullable=True),
    _moment("fetched_at", nullable=True),
    _moment("last_status_at", nullable=True),
    _count("followers_count"),
    _count("following_count"),
    _count("statuses_count"),
    Index(None, "peer"),
)

account_keys: Final = Table(
    "account_keys",
    metadata,
    Column("uri", Text, primary_key=True),
    _account(),
    Column("algorithm", String(16), nullable=False),
    Column("public", Text, nullable=False),
    Column("private", Text),
    _moment("created_at"),
    Index(None, "account_id"),
)

invites: Final = Table(
    "invites",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    Column("created_by", BigInteger, nullable=False),
    _count("uses"),
    Column("uses_max", Integer),
    _moment("expires_at", nullable=True),
    _moment("created_at"),
)

users: Final = Table(
    "users",
    metadata,
    _id(),
    _account(),
    Column("username", Text, nullable=False, unique=True),
    Column("email", Text, unique=True),
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("default_visibility", String(16), nullable=False),
    Column("default_reach", String(16)),
    _flag("default_sensitive"),
    Column("default_language", String(16)),
    Column("default_quote_policy", String(16), nullable=False, server_default="public"),
    _string("sign_up_reason"),
    Column("invite_id", BigInteger, ForeignKey("invites.id", ondelete="SET NULL")),
    _moment("created_at"),
    _moment("confirmed_at", nullable=True),
    _moment("approved_at", nullable=True),
    _moment("disabled_at", nullable=True),
    _moment("last_sign_in_at", nullable=True),
)

# Which accounts a user may act for: its own, and shared ones such as a press office.
user_accounts: Final = Table(
    "user_accounts",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    _account(primary_key=True),
    _moment("created_at"),
    Index(None, "account_id"),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_links: Final = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    Index(None, "expires_at"),
)

# What was sent by mail; the address is the one it went to.
mail_links: Final = Table(
    "mail_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("email", Text, nullable=False),
    _moment("expires_at"),
    UniqueConstraint("user_id", "kind"),
    Index(None, "expires_at"),
)

applications: Final = Table(
    "applications",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("website", Text),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("client_id", String(64), nullable=False, unique=True),
    Column("client_secret_hash", String(64), nullable=False),
    _moment("created_at"),
)

authorization_codes: Final = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    _account(),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("code_challenge", Text),
    # Set when the code is exchanged: a second exchange revokes what the first one gave (RFC 6749 §4.1.2).
    Column("token_id", BigInteger),
    _moment("created_at"),
    _moment("expires_at"),
    Index(None, "expires_at"),
)

tokens: Final = Table(
    "tokens",
    metadata,
    _id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE")),
    _account(nullable=True),
    Column("scopes", JSON, nullable=False),
    _moment("created_at"),
    _moment("last_used_at", nullable=True),
    Index(None, "user_id"),
    Index(None, "application_id"),
)

# Where the notifications of an account are sent to: one place for each token, which it ends with (S42).
push_subscriptions: Final = Table(
    "push_subscriptions",
    metadata,
    _id(),
    Column("token_id", BigInteger, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False, unique=True),
    _account(),
    Column("endpoint", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("secret", Text, nullable=False),
    _flag("is_standard"),
    Column("alerts", JSON, nullable=False),
    Column("policy", String(16), nullable=False),
    # The token itself, which messages name, closed with the key below.
    Column("sealed_token", Text, nullable=False),
    _moment("created_at"),
    _moment("failing_since", nullable=True),
    Index("ix_push_subscriptions_account", "account_id"),
)

# One row: by what push services know this node.
vapid_keys: Final = Table(
    "vapid_keys",
    metadata,
    _id(),
    Column("private_key", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    _moment("created_at"),
)

# Relationships

follows: Final = Table(
    "follows",
    metadata,
    _id(),
    _account(),
    _account("target_id"),
    Column("uri", Text, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("show_reblogs", Boolean, nullable=False),
    _flag("notify"),
    Column("languages", JSON, nullable=False),
    _moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_follows_target", "target_id", "state", "account_id"),
)

blocks: Final = Table(
    "blocks",
    metadata,
    _id(),
    _account(),
    _account("target_id"),
    Column("uri", Text, nullable=False, unique=True),
    _moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index(None, "target_id"),
)

mutes: Final = Table(
    "mutes",
    metadata,
    _id(),
    _account(),
    _account("target_id"),
    Column("notifications", Boolean, nullable=False),
    _moment("expires_at", nullable=True),
    _moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
)

account_notes: Final = Table(
    "account_notes",
    metadata,
    _account(primary_key=True),
    _account("target_id", primary_key=True),
    Column("comment", Text, nullable=False),
)

# Whom somebody recommends; it ends with the follow.
endorsements: Final = Table(
    "endorsements",
    metadata,
    _id(),
    _account(),
    _account("target_id"),
    Column("follow_id", BigInteger, ForeignKey("follows.id", ondelete="CASCADE"), nullable=False),
    _moment("created_at"),
    UniqueConstraint("account_id", "target_id"),
    Index("ix_endorsements_target", "target_id"),
    Index("ix_endorsements_follow", "follow_id"),
)

# Whom somebody recommends, by theme. Who left a collection keeps a row there, so as not to be put back.
featured_collections: Final = Table(
    "featured_collections",
    metadata,
    _id(),
    _account(),
    Column("uri", Text, nullable=False),
    Column("name", Text, nullable=False),
    _string("description"),
    Column("language", Text),
    Column("tag_name", Text),
    Column("tag_display_name", Text),
    _flag("sensitive"),
    _flag_set("discoverable"),
    _moment("created_at"),
    _moment("updated_at"),
    Index("ix_featured_collections_account", "account_id", "id"),
)

featured_collection_items: Final = Table(
    "featured_collection_items",
    metadata,
    _id(),
    Column("collection_id", BigInteger, ForeignKey("featured_collections.id", ondelete="CASCADE"), nullable=False),
    _account(),
    Column("state", String(16), nullable=False),
    _moment("created_at"),
    UniqueConstraint("collection_id", "account_id"),
    Index("ix_featured_collection_items_account", "account_id", "collection_id"),
)

# Servers somebody wants to hear nothing from.
account_domain_blocks: Final = Table(
    "account_domain_blocks",
    metadata,
    _id(),
    _account(),
    Column("domain", Text, nullable=False),
    _moment("created_at"),
    UniqueConstraint("account_id", "domain"),
)

dismissed_suggestions: Final = Table(
    "dismissed_suggestions",
    metadata,
    _account(primary_key=True),
    _account("target_id", primary_key=True),
    _moment("created_at"),
    Index("ix_dismissed_suggestions_target", "target_id"),
)

# Lists of accounts somebody follows: a membership ends with its follow.

lists: Final = Table(
    "lists",
    metadata,
    _id(),
    _account(),
    Column("title", Text, nullable=False),
    Column("replies_policy", String(16), nullable=False),
    _flag("exclusive"),
    _moment("created_at"),
    Index("ix_lists_account", "account_id", "id"),
)

list_accounts: Final = Table(
    "list_accounts",
    metadata,
    _id(),
    Column("list_id", BigInteger, ForeignKey("lists.id", ondelete="CASCADE"), nullable=False),
    _account(),
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
    _id(),
    _account(),
    Column("title", Text, nullable=False),
    Column("contexts", JSON, nullable=False),
    Column("action", String(16), nullable=False),
    _moment("expires_at", nullable=True),
    _moment("created_at"),
    Index("ix_filters_account", "account_id", "id"),
)

filter_keywords: Final = Table(
    "filter_keywords",
    metadata,
    _id(),
    Column("filter_id", BigInteger, ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    Column("keyword", Text, nullable=False),
    _flag("whole_word"),
    Index("ix_filter_keywords_filter", "filter_id", "id"),
)

filter_statuses: Final = Table(
    "filter_statuses",
    metadata,
    _id(),
    Column("filter_id", BigInteger, ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    _status(),
    UniqueConstraint("filter_id", "status_id"),
    Index("ix_filter_statuses_status", "status_id"),
)

# Statuses

statuses: Final = Table(
    "statuses",
    metadata,
    _id(),
    Column("uri", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    _account(),
    Column("visibility", String(16), nullable=False),
    Column("reach", String(16), nullable=False),
    Column("reach_domain", Text),
    _string("text"),
    _string("content"),
    _string("spoiler_text"),
    _flag("sensitive"),
    Column("language", String(16)),
    # What it answers may be gone, or not here yet: no foreign key.
    Column("in_reply_to_id", BigInteger),
    Column("in_reply_to_account_id", BigInteger),
    Column("in_reply_to_uri", Text),
    Column("thread_id", BigInteger, nullable=False),
    Column("context_uri", Text),
    Column("context_history_uri", Text),
    Column("replies_uri", Text),
    _status("reblog_of_id", nullable=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="SET NULL")),
    Column("emojis", JSON, nullable=False),
    _flag("is_local"),
    _moment("created_at"),
    _moment("edited_at", nullable=True),
    _count("replies_count"),
    _count("reblogs_count"),
    _count("favourites_count"),
    _count("quotes_count"),
    # What its local author chose, or its remote author said: who may quote it, answer it, and so on.
    Column("quote_policy", String(16)),
    Column("interaction_policy", JSON(none_as_null=True)),
    UniqueConstraint("account_id", "reblog_of_id"),
    Index("ix_statuses_account", "account_id", "id"),
    Index("ix_statuses_in_reply_to", "in_reply_to_id", "id"),
    Index("ix_statuses_in_reply_to_uri", "in_reply_to_uri"),
    Index("ix_statuses_thread", "thread_id", "id"),
    Index("ix_statuses_reblog", "reblog_of_id"),
    Index("ix_statuses_public", "visibility", "id"),
)

status_edits: Final = Table(
    "status_edits",
    metadata,
    _id(),
    _status(),
    _account(),
    _string("text"),
    _string("content"),
    _string("spoiler_text"),
    _flag("sensitive"),
    Column("media", JSON, nullable=False),
    Column("poll_options", JSON),
    _moment("created_at"),
    Index("ix_status_edits_status", "status_id", "id"),
)

mentions: Final = Table(
    "mentions",
    metadata,
    _status(primary_key=True),
    _account(primary_key=True),
    Index("ix_mentions_account", "account_id", "status_id"),
)

tags: Final = Table(
    "tags",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    _moment("created_at"),
)

tag_follows: Final = Table(
    "tag_follows",
    metadata,
    _id(),
    _account(),
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    _moment("created_at"),
    UniqueConstraint("account_id", "tag_id"),
    Index("ix_tag_follows_tag", "tag_id", "account_id"),
)

status_tags: Final = Table(
    "status_tags",
    metadata,
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    _status(primary_key=True),
    Index("ix_status_tags_status", "status_id"),
)

# What a page that statuses link to says about itself; without a title there is nothing to show.
preview_cards: Final = Table(
    "preview_cards",
    metadata,
    _id(),
    Column("url", Text, nullable=False, unique=True),
    Column("type", String(16), nullable=False, server_default="link"),
    _string("title"),
    _string("description"),
    _string("provider_name"),
    _string("provider_url"),
    _string("author_name"),
    _string("author_url"),
    _string("image"),
    _string("image_description"),
    _string("embed_url"),
    _string("language"),
    _count("width"),
    _count("height"),
    _moment("published_at", nullable=True),
    Column("author_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    _moment("created_at"),
    _moment("asked_at", nullable=True),
    Index(None, "author_id"),
    Index(None, "created_at"),
)

status_cards: Final = Table(
    "status_cards",
    metadata,
    _status(primary_key=True),
    Column("card_id", BigInteger, ForeignKey("preview_cards.id", ondelete="CASCADE"), nullable=False),
    Index("ix_status_cards_card", "card_id", "status_id"),
)

# Two rankings of each kind, made anew every few seconds: of what is open to everybody, and of all that members see.
trends: Final = Table(
    "trends",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("is_open", Boolean, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("score", Float, nullable=False),
)

# The words a status is found by. Their index is each engine's own: see the revision that makes it.
search_documents: Final = Table(
    "search_documents",
    metadata,
    _status(primary_key=True),
    Column("body", Text, nullable=False),
)

# Statuses that wait for their time; what went wrong when it came is kept with them.
scheduled_statuses: Final = Table(
    "scheduled_statuses",
    metadata,
    _id(),
    _account(),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("draft", JSON, nullable=False),
    Column("idempotency_key", String(255)),
    _moment("scheduled_at"),
    Column("error", Text),
    _moment("created_at"),
    UniqueConstraint("account_id", "idempotency_key"),
    Index("ix_scheduled_statuses_account", "account_id", "id"),
    Index("ix_scheduled_statuses_user", "user_id"),
)

media_attachments: Final = Table(
    "media_attachments",
    metadata,
    _id(),
    _account(),
    _status(nullable=True),
    # A file that a scheduled status will show is kept for it.
    Column("scheduled_status_id", BigInteger),
    _count("position"),
    Column("type", String(16), nullable=False),
    Column("content_type", Text, nullable=False),
    Column("file", Text),
    Column("preview", Text),
    Column("remote_url", Text),
    _string("description"),
    Column("blurhash", Text),
    Column("focus_x", Float),
    Column("focus_y", Float),
    Column("original_width", Integer),
    Column("original_height", Integer),
    Column("small_width", Integer),
    Column("small_height", Integer),
    Column("size_bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("state", String(16), nullable=False, server_default="ready"),
    Column("received", Text),
    Column("playback", JSON(none_as_null=True)),
    _moment("created_at"),
    Index("ix_media_attachments_status", "status_id", "position"),
    Index("ix_media_attachments_scheduled", "scheduled_status_id"),
    Index("ix_media_attachments_account", "account_id", "id"),
)

favourites: Final = Table(
    "favourites",
    metadata,
    _id(),
    _account(),
    _status(),
    Column("uri", Text, nullable=False, unique=True),
    _moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_favourites_status", "status_id", "id"),
)

reactions: Final = Table(
    "reactions",
    metadata,
    _id(),
    _account(),
    _status(),
    # One emoji, or shortcode@domain of a custom one, whose picture lies at ``url``.
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("uri", Text, nullable=False, unique=True),
    _moment("created_at"),
    UniqueConstraint("account_id", "status_id", "name"),
    Index("ix_reactions_status", "status_id", "name"),
)

polls: Final = Table(
    "polls",
    metadata,
    _id(),
    Column("status_id", BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("options", JSON, nullable=False),
    # Moved, under a lock on the row, in the transaction that adds the votes they count.
    Column("tallies", JSON, nullable=False),
    _flag("multiple"),
    _flag("hide_totals"),
    _moment("expires_at", nullable=True),
    _moment("ended_at", nullable=True),
    Column("voters_count", Integer),
    _moment("fetched_at", nullable=True),
    _moment("asked_at", nullable=True),
    # The queued job that ends the poll; streams and servers have a queued job each while there is news for them.
    Column("end_job_id", BigInteger),
    _flag("is_stream_queued"),
    _flag("is_update_queued"),
    _moment("update_sent_at", nullable=True),
)

poll_votes: Final = Table(
    "poll_votes",
    metadata,
    _id(),
    Column("poll_id", BigInteger, ForeignKey("polls.id", ondelete="CASCADE"), nullable=False),
    _account(),
    Column("choice", Integer, nullable=False),
    _moment("created_at"),
    UniqueConstraint("poll_id", "account_id", "choice"),
    Index(None, "account_id"),
)

bookmarks: Final = Table(
    "bookmarks",
    metadata,
    _id(),
    _account(),
    _status(),
    _moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_bookmarks_status", "status_id"),
)

# What stands at the top of a profile, the latest pin first.
pins: Final = Table(
    "pins",
    metadata,
    _id(),
    _account(),
    _status(),
    _moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_pins_status", "status_id"),
)

featured_tags: Final = Table(
    "featured_tags",
    metadata,
    _id(),
    _account(),
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    # As its owner wrote it.
    Column("name", Text, nullable=False),
    _moment("created_at"),
    UniqueConstraint("account_id", "tag_id"),
    Index("ix_featured_tags_tag", "tag_id"),
)

# A status quotes one other. What it quotes may not be here yet, or no more.
quotes: Final = Table(
    "quotes",
    metadata,
    _id(),
    Column("status_id", BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=False, unique=True),
    _account(),
    Column("quoted_uri", Text, nullable=False),
    Column("quoted_status_id", BigInteger, ForeignKey("statuses.id", ondelete="SET NULL")),
    Column("quoted_account_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("state", String(16), nullable=False),
    Column("request_uri", Text),
    Column("approval_uri", Text),
    _flag("is_legacy"),
    _moment("created_at"),
    _moment("checked_at"),
    Index("ix_quotes_quoted", "quoted_status_id", "id"),
    Index("ix_quotes_account", "account_id"),
    Index("ix_quotes_quoted_account", "quoted_account_id", "account_id"),
    Index("ix_quotes_request_uri", "request_uri"),
    Index("ix_quotes_approval_uri", "approval_uri"),
)

# Who fetched a stamp of ours hears of its end.
quote_inboxes: Final = Table(
    "quote_inboxes",
    metadata,
    Column("quote_id", BigInteger, ForeignKey("quotes.id", ondelete="CASCADE"), primary_key=True),
    Column("inbox", Text, primary_key=True),
)

# What stays of a deleted status: a late or repeated Create cannot bring it back.
tombstones: Final = Table(
    "tombstones",
    metadata,
    Column("uri", Text, primary_key=True),
    _moment("deleted_at"),
    Index(None, "deleted_at"),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    _account(primary_key=True),
    Column("key", String(255), primary_key=True),
    _status(),
    _moment("created_at"),
    Index(None, "status_id"),
    Index(None, "created_at"),
)

# Reading

home_timeline: Final = Table(
    "home_timeline",
    metadata,
    _account(primary_key=True),
    _status(primary_key=True),
    _account("author_id"),
    Index("ix_home_timeline_author", "account_id", "author_id"),
    Index("ix_home_timeline_status", "status_id"),
)

notifications: Final = Table(
    "notifications",
    metadata,
    _id(),
    _account(),
    Column("type", String(32), nullable=False),
    _account("from_account_id"),
    Column("origin", BigInteger, nullable=False),
    _status(nullable=True),
    # What is told as one; NULL for what stands alone.
    Column("group_key", String(64)),
    # It waits until the account accepts to hear of whoever caused it.
    _flag("filtered"),
    _moment("created_at"),
    UniqueConstraint("account_id", "type", "from_account_id", "origin"),
    Index("ix_notifications_account", "account_id", "id"),
    Index("ix_notifications_group", "account_id", "group_key", "id"),
    Index("ix_notifications_status", "status_id"),
    Index("ix_notifications_from", "from_account_id"),
)

# How many follows each member lost when a server or an account was shut out.
severances: Final = Table(
    "severances",
    metadata,
    _id(),
    Column("cause", BigInteger, nullable=False),
    _account(),
    Column("type", String(32), nullable=False),
    Column("target_name", Text, nullable=False),
    _count("followers_count"),
    _count("following_count"),
    _moment("created_at"),
    UniqueConstraint("cause", "account_id"),
    Index(None, "account_id"),
    Index(None, "created_at"),
)

# From whom somebody wants to hear, who asks to be heard, and who is heard whatever the policy says.

notification_policies: Final = Table(
    "notification_policies",
    metadata,
    _account(primary_key=True),
    Column("for_not_following", String(16), nullable=False),
    Column("for_not_followers", String(16), nullable=False),
    Column("for_new_accounts", String(16), nullable=False),
    Column("for_private_mentions", String(16), nullable=False),
    Column("for_limited_accounts", String(16), nullable=False),
    Column("for_bots", String(16), nullable=False),
    _moment("updated_at"),
)

notification_requests: Final = Table(
    "notification_requests",
    metadata,
    _id(),
    _account(),
    _account("from_account_id"),
    Column("last_status_id", BigInteger, ForeignKey("statuses.id", ondelete="SET NULL")),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("account_id", "from_account_id"),
    Index("ix_notification_requests_from", "from_account_id"),
    Index("ix_notification_requests_status", "last_status_id"),
)

notification_permissions: Final = Table(
    "notification_permissions",
    metadata,
    _account(primary_key=True),
    _account("from_account_id", primary_key=True),
    # What waited until now is still being brought in.
    _flag("is_merging"),
    _moment("created_at"),
    Index("ix_notification_permissions_from", "from_account_id"),
)

# Threads somebody wants to hear nothing of; a thread is named by the status it begins with, which may be gone.
thread_mutes: Final = Table(
    "thread_mutes",
    metadata,
    _account(primary_key=True),
    Column("thread_id", BigInteger, primary_key=True),
    _moment("created_at"),
    Index(None, "thread_id"),
    Index(None, "created_at"),
)

# Statuses for addressees only, by thread and by who is in it, once for each member among them.
conversations: Final = Table(
    "conversations",
    metadata,
    _id(),
    _account(),
    Column("thread_id", BigInteger, nullable=False),
    # The others; there may be too many for a key, which is a digest of them.
    Column("participants", JSON, nullable=False),
    Column("participants_key", String(64), nullable=False),
    Column("last_status_id", BigInteger, nullable=False),
    _flag("unread"),
    UniqueConstraint("account_id", "thread_id", "participants_key"),
    Index("ix_conversations_account", "account_id", "last_status_id"),
    Index(None, "thread_id"),
)

conversation_statuses: Final = Table(
    "conversation_statuses",
    metadata,
    Column("conversation_id", BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    _status(primary_key=True),
    Index("ix_conversation_statuses_status", "status_id"),
)

markers: Final = Table(
    "markers",
    metadata,
    _account(primary_key=True),
    Column("timeline", String(16), primary_key=True),
    Column("last_read_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    _moment("updated_at"),
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
    _moment("created_at"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

# Looking after the node

reports: Final = Table(
    "reports",
    metadata,
    _id(),
    Column("uri", Text, nullable=False),
    # Who reported may leave; what they reported stays.
    Column("account_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("peer", Text),
    _account("target_account_id"),
    Column("status_ids", JSON, nullable=False),
    _string("comment"),
    Column("category", String(16), nullable=False),
    _flag("forwarded"),
    _moment("created_at"),
    _moment("resolved_at", nullable=True),
    Column("resolved_by", BigInteger),
    Column("rule_ids", JSON),
    # The user who looks into it.
    Column("assigned_to", BigInteger),
    _moment("updated_at", nullable=True),
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
    _id(),
    _account("target_account_id"),
    Column("action", String(32), nullable=False),
    _string("text"),
    # Reports go after a while; what followed from them stays.
    Column("report_id", BigInteger),
    Column("user_id", BigInteger),
    _moment("created_at"),
    Index(None, "target_account_id"),
    Index(None, "created_at"),
)

# Addresses that nobody may register with: of a domain, and single ones, kept as a hash.
email_domain_blocks: Final = Table(
    "email_domain_blocks",
    metadata,
    _id(),
    Column("domain", Text, nullable=False, unique=True),
    _moment("created_at"),
)

canonical_email_blocks: Final = Table(
    "canonical_email_blocks",
    metadata,
    _id(),
    Column("canonical_email_hash", Text, nullable=False, unique=True),
    _moment("created_at"),
)

# What administrators wrote, and the emoji they drew

custom_emojis: Final = Table(
    "custom_emojis",
    metadata,
    _id(),
    Column("shortcode", Text, nullable=False, unique=True),
    Column("category", Text),
    Column("file", Text, nullable=False),
    Column("static_file", Text, nullable=False),
    Column("visible_in_picker", Boolean, nullable=False),
    _moment("disabled_at", nullable=True),
    _moment("created_at"),
)

announcements: Final = Table(
    "announcements",
    metadata,
    _id(),
    Column("text", Text, nullable=False),
    _moment("starts_at", nullable=True),
    _moment("ends_at", nullable=True),
    _flag("all_day"),
    # NULL: not shown to anybody, yet or any more.
    _moment("published_at", nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
)

# An explicit act: who has said that they know.
announcement_dismissals: Final = Table(
    "announcement_dismissals",
    metadata,
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    _account(primary_key=True),
    _moment("created_at"),
    Index("ix_announcement_dismissals_account", "account_id"),
)

# A name that somebody reacted with; its id is what streams tell of.
announcement_emojis: Final = Table(
    "announcement_emojis",
    metadata,
    _id(),
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    _moment("created_at"),
    UniqueConstraint("announcement_id", "name"),
)

announcement_reactions: Final = Table(
    "announcement_reactions",
    metadata,
    Column("emoji_id", BigInteger, ForeignKey("announcement_emojis.id", ondelete="CASCADE"), primary_key=True),
    _account(primary_key=True),
    _moment("created_at"),
    Index("ix_announcement_reactions_account", "account_id"),
)

rules: Final = Table(
    "rules",
    metadata,
    _id(),
    Column("text", Text, nullable=False),
    _string("hint"),
    _moment("created_at"),
)

instance_texts: Final = Table(
    "instance_texts",
    metadata,
    Column("kind", String(32), primary_key=True),
    # A date in ISO 8601 for terms, of which there are several; empty for what there is one of.
    Column("effective_on", String(10), primary_key=True),
    Column("source", Text, nullable=False),
    _moment("updated_at"),
)

# Federation and work

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
    _moment("asked_at", nullable=True),
    _moment("first_seen_at"),
    _moment("last_success_at", nullable=True),
    _moment("last_failure_at", nullable=True),
    Column("last_error", Text),
    _count("failures"),
    _moment("closed_until", nullable=True),
)

jobs: Final = Table(
    "jobs",
    metadata,
    _id(),
    Column("payload", Text, nullable=False),
    # Whose doing it is: another server, or NULL for this node's own work. No server fills the place of others.
    Column("lane", Text),
    # What this node's own work is about: of one subject, nothing begins before what came earlier was tried.
    Column("subject", Text),
    _count("attempts"),
    _moment("due_at"),
    _moment("leased_until", nullable=True),
    _moment("dead_at", nullable=True),
    Column("last_error", Text),
    _moment("created_at"),
    Index("ix_jobs_due", "dead_at", "due_at", "id"),
    Index("ix_jobs_subject", "subject", "id"),
)

activities: Final = Table(
    "activities",
    metadata,
    _id(),
    Column("uri", Text, nullable=False, unique=True),
    _account(),
    Column("type", String(32), nullable=False),
    # The ring a server must lie in when the delivery is due, whatever it was when the delivery was queued.
    Column("reach", String(16), nullable=False),
    Column("body", Text, nullable=False),
    # Addressed to followers: each delivery says who they are at its server.
    _flag("for_followers"),
    _moment("created_at"),
    Index(None, "created_at"),
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    _id(),
    Column("activity_id", BigInteger, ForeignKey("activities.id", ondelete="CASCADE"), nullable=False),
    Column("inbox", Text, nullable=False),
    Column("domain", Text, nullable=False),
    # Deliveries of one object to one inbox go out in order of their ids.
    Column("object_uri", Text, nullable=False),
    _count("attempts"),
    _moment("due_at"),
    _moment("leased_until", nullable=True),
    _moment("dead_at", nullable=True),
    Column("last_error", Text),
    _moment("created_at"),
    UniqueConstraint("activity_id", "inbox"),
    Index("ix_deliveries_due", "dead_at", "due_at", "id"),
    Index("ix_deliveries_object", "object_uri", "inbox", "id"),
    Index("ix_deliveries_domain", "domain", "id"),
)

# Inboxes that answered 410; nothing is queued for them until upkeep forgets them.
gone_inboxes: Final = Table(
    "gone_inboxes",
    metadata,
    Column("inbox", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    _moment("gone_at"),
    Index(None, "domain"),
    Index(None, "gone_at"),
)

# Every inbox a status was sent to: a Delete reaches everyone who was ever sent the status.
status_inboxes: Final = Table(
    "status_inboxes",
    metadata,
    _status(primary_key=True),
    Column("inbox", Text, primary_key=True),
)

# What somebody did in a year; without a version while it is being counted.
annual_reports: Final = Table(
    "annual_reports",
    metadata,
    _account(primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("data", JSON(none_as_null=True)),
    Column("schema_version", Integer),
    _moment("asked_at"),
    _moment("read_at", nullable=True),
)

# When other servers were last asked for what is missing of a thread or a profile. A refresh is what clients call it.
completions: Final = Table(
    "completions",
    metadata,
    Column("subject", Text, primary_key=True),
    _moment("asked_at"),
    Column("refresh_id", Text),
    _moment("finished_at", nullable=True),
    Column("found", Integer),
    Index(None, "asked_at"),
    Index(None, "refresh_id"),
)

seen_activities: Final = Table(
    "seen_activities",
    metadata,
    Column("uri", Text, primary_key=True),
    _moment("received_at"),
    Index(None, "received_at"),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    _id(),
    Column("action", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("target", Text, nullable=False),
    Column("details", JSON, nullable=False),
    _moment("created_at"),
    Index(None, "created_at"),
)
