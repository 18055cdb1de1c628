"""What people write, and what others do with it: statuses, tags, media, polls, reactions, quotes."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
    text,
)

from fedorg.store.tables.columns import (
    account_id,
    count,
    flag,
    flag_set,
    metadata,
    moment,
    own_id,
    partial_index,
    prefixed,
    status_id,
    string,
)

statuses: Final = Table(
    "statuses",
    metadata,
    own_id(),
    Column("uri", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    account_id(),
    Column("visibility", String(16), nullable=False),
    Column("reach", String(16), nullable=False),
    Column("reach_domain", Text),
    # Which partners reach "partners" stands for, a space around each (``store.domain_names``); NULL: every partner.
    Column("reach_partners", Text),
    string("text"),
    string("content"),
    string("spoiler_text"),
    flag("sensitive"),
    Column("language", String(16)),
    # What it answers may be gone, or not here yet: no foreign key.
    Column("in_reply_to_id", BigInteger),
    Column("in_reply_to_account_id", BigInteger),
    Column("in_reply_to_uri", Text),
    Column("thread_id", BigInteger, nullable=False),
    Column("context_uri", Text),
    Column("context_history_uri", Text),
    Column("replies_uri", Text),
    status_id("reblog_of_id", nullable=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="SET NULL")),
    Column("emojis", JSON, nullable=False),
    flag("is_local"),
    # Of a peer's: it was found when it was no news any more, and was not delivered yet.
    flag("is_untold"),
    # It was deleted, and is nobody's to see; what refers to it is being taken away.
    flag("is_gone"),
    moment("created_at"),
    moment("edited_at", nullable=True),
    count("replies_count"),
    count("reblogs_count"),
    count("favourites_count"),
    count("quotes_count"),
    # What its local author chose, or its remote author said: who may quote it, answer it, and so on.
    Column("quote_policy", String(16)),
    Column("interaction_policy", JSON(none_as_null=True)),
    UniqueConstraint("account_id", "reblog_of_id"),
    Index("ix_statuses_account", "account_id", "id"),
    Index("ix_statuses_in_reply_to", "in_reply_to_id", "id"),
    Index("ix_statuses_in_reply_to_uri", "in_reply_to_uri"),
    Index("ix_statuses_thread", "thread_id", "id"),
    Index("ix_statuses_public", "visibility", "id"),
)
# It answers nobody else: the same words here and in conditions, so that SQLite knows the index.
ANSWERS_NOBODY_ELSE: Final = or_(
    statuses.c.in_reply_to_uri.is_(None), statuses.c.in_reply_to_account_id == statuses.c.account_id
)
partial_index("ix_statuses_own", statuses.c.account_id, statuses.c.id, where=ANSWERS_NOBODY_ELSE)
# Boosts of a status in their order; nothing is looked for among all that boosts nothing.
partial_index("ix_statuses_boosts", statuses.c.reblog_of_id, statuses.c.id, where=statuses.c.reblog_of_id.is_not(None))
# Timelines of what goes exactly as far as a reach are short ones among all that is public.
partial_index("ix_statuses_limited", statuses.c.reach, statuses.c.id, where=statuses.c.reach != "public")
# What people of this node wrote may be few among what they follow.
partial_index("ix_statuses_here", statuses.c.id, where=text("is_local = 1"))
partial_index("ix_statuses_url", statuses.c.url, where=statuses.c.url != statuses.c.uri)
partial_index("ix_statuses_application", statuses.c.application_id, where=statuses.c.application_id.is_not(None))

status_edits: Final = Table(
    "status_edits",
    metadata,
    own_id(),
    status_id(),
    account_id(),
    string("text"),
    string("content"),
    string("spoiler_text"),
    flag("sensitive"),
    Column("media", JSON, nullable=False),
    Column("poll_options", JSON),
    moment("created_at"),
    Index("ix_status_edits_status", "status_id", "id"),
    Index("ix_status_edits_account", "account_id"),
)

mentions: Final = Table(
    "mentions",
    metadata,
    status_id(primary_key=True),
    account_id(primary_key=True),
    # An edit took the name out of the text; who could see the status by it still can.
    flag("silent"),
    Index("ix_mentions_account", "account_id", "status_id"),
)

# What those who look after the node say of a hashtag; NULL is what they did not look at, and trends.
tags: Final = Table(
    "tags",
    metadata,
    own_id(),
    prefixed("name"),
    Column("display_name", Text, nullable=False),
    moment("created_at"),
    Column("trendable", Boolean),
    flag_set("listable"),
    flag_set("usable"),
    moment("reviewed_at", nullable=True),
)
# As a search ranks them.
Index("ix_tags_ranked", func.length(tags.c.name), tags.c.name)

tag_follows: Final = Table(
    "tag_follows",
    metadata,
    own_id(),
    account_id(),
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "tag_id"),
    Index("ix_tag_follows_tag", "tag_id", "account_id"),
)

status_tags: Final = Table(
    "status_tags",
    metadata,
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    status_id(primary_key=True),
    # Who wrote the status.
    Column("author_id", BigInteger, nullable=False, server_default=text("0")),
    Index("ix_status_tags_status", "status_id"),
    Index("ix_status_tags_author", "author_id", "tag_id", "status_id"),
)

# What a page that statuses link to says about itself; without a title there is nothing to show.
preview_cards: Final = Table(
    "preview_cards",
    metadata,
    own_id(),
    Column("url", Text, nullable=False, unique=True),
    Column("type", String(16), nullable=False, server_default="link"),
    string("title"),
    string("description"),
    string("provider_name"),
    string("provider_url"),
    string("author_name"),
    string("author_url"),
    string("image"),
    string("image_description"),
    string("embed_url"),
    string("language"),
    count("width"),
    count("height"),
    moment("published_at", nullable=True),
    Column("author_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    # A small copy of the picture that the page shows, and the address it was fetched from.
    Column("picture", Text),
    Column("picture_of", Text),
    count("picture_width"),
    count("picture_height"),
    Column("blurhash", Text),
    moment("created_at"),
    moment("asked_at", nullable=True),
    Column("trendable", Boolean),
    Index(None, "author_id"),
    Index(None, "created_at"),
)

status_cards: Final = Table(
    "status_cards",
    metadata,
    status_id(primary_key=True),
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
    # Of a link: the site it leads to, which may be gone.
    Column("publisher_id", BigInteger),
)

# Sites that links which trend lead to, and whether those may.
link_publishers: Final = Table(
    "link_publishers",
    metadata,
    own_id(),
    Column("domain", Text, nullable=False, unique=True),
    Column("trendable", Boolean),
    moment("reviewed_at", nullable=True),
    moment("created_at"),
    Index(None, "created_at"),
)

# Statuses that somebody said of whether they may trend: few, so that all others are not wider for it.
status_reviews: Final = Table(
    "status_reviews",
    metadata,
    status_id(primary_key=True),
    Column("trendable", Boolean, nullable=False),
)

# The words a status is found by. Their index is each engine's own: see the revision that makes it.
search_documents: Final = Table(
    "search_documents",
    metadata,
    status_id(primary_key=True),
    Column("body", Text, nullable=False),
)

# Statuses that wait for their time; what went wrong when it came is kept with them.
# Statuses of others that were old when they came: they are kept from then on as new ones are.
late_arrivals: Final = Table("late_arrivals", metadata, status_id(primary_key=True), moment("received_at"))

scheduled_statuses: Final = Table(
    "scheduled_statuses",
    metadata,
    own_id(),
    account_id(),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("draft", JSON, nullable=False),
    Column("idempotency_key", String(255)),
    moment("scheduled_at"),
    Column("error", Text),
    moment("created_at"),
    UniqueConstraint("account_id", "idempotency_key"),
    Index("ix_scheduled_statuses_account", "account_id", "id"),
    Index("ix_scheduled_statuses_user", "user_id"),
)

media_attachments: Final = Table(
    "media_attachments",
    metadata,
    own_id(),
    account_id(),
    status_id(nullable=True),
    # A file that a scheduled status will show is kept for it.
    Column("scheduled_status_id", BigInteger),
    count("position"),
    Column("type", String(16), nullable=False),
    Column("content_type", Text, nullable=False),
    Column("file", Text),
    Column("preview", Text),
    Column("remote_url", Text),
    Column("remote_preview_url", Text),
    string("description"),
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
    moment("created_at"),
    Index("ix_media_attachments_status", "status_id", "position"),
    Index("ix_media_attachments_scheduled", "scheduled_status_id"),
    Index("ix_media_attachments_account", "account_id", "id"),
    # What an account shows, which may be few of what it posted.
    Index("ix_media_attachments_by", "account_id", "status_id"),
)
# What is shown here by people of this node, which may be few of all that is shown.
partial_index(
    "ix_media_attachments_here", media_attachments.c.status_id, where=media_attachments.c.remote_url.is_(None)
)

favourites: Final = Table(
    "favourites",
    metadata,
    own_id(),
    account_id(),
    status_id(),
    Column("uri", Text, nullable=False, unique=True),
    moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_favourites_account", "account_id", "id"),
    Index("ix_favourites_status", "status_id", "id"),
)

reactions: Final = Table(
    "reactions",
    metadata,
    own_id(),
    account_id(),
    status_id(),
    # One emoji, or shortcode@domain of a custom one, whose picture lies at ``url``.
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("uri", Text, nullable=False, unique=True),
    moment("created_at"),
    UniqueConstraint("account_id", "status_id", "name"),
    Index("ix_reactions_status", "status_id", "name"),
)

polls: Final = Table(
    "polls",
    metadata,
    own_id(),
    Column("status_id", BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("options", JSON, nullable=False),
    # Moved, under a lock on the row, in the transaction that adds the votes they count.
    Column("tallies", JSON, nullable=False),
    flag("multiple"),
    flag("hide_totals"),
    moment("expires_at", nullable=True),
    moment("ended_at", nullable=True),
    Column("voters_count", Integer),
    moment("fetched_at", nullable=True),
    moment("asked_at", nullable=True),
    # The queued job that ends the poll; streams and servers have a queued job each while there is news for them.
    Column("end_job_id", BigInteger),
    flag("is_stream_queued"),
    flag("is_update_queued"),
    moment("update_sent_at", nullable=True),
)

poll_votes: Final = Table(
    "poll_votes",
    metadata,
    own_id(),
    Column("poll_id", BigInteger, ForeignKey("polls.id", ondelete="CASCADE"), nullable=False),
    account_id(),
    Column("choice", Integer, nullable=False),
    moment("created_at"),
    UniqueConstraint("poll_id", "account_id", "choice"),
    Index(None, "account_id"),
)

bookmarks: Final = Table(
    "bookmarks",
    metadata,
    own_id(),
    account_id(),
    status_id(),
    moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_bookmarks_account", "account_id", "id"),
    Index("ix_bookmarks_status", "status_id"),
)

# What stands at the top of a profile, the latest pin first.
pins: Final = Table(
    "pins",
    metadata,
    own_id(),
    account_id(),
    status_id(),
    moment("created_at"),
    UniqueConstraint("account_id", "status_id"),
    Index("ix_pins_status", "status_id"),
)

featured_tags: Final = Table(
    "featured_tags",
    metadata,
    own_id(),
    account_id(),
    Column("tag_id", BigInteger, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    # As its owner wrote it.
    Column("name", Text, nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "tag_id"),
    Index("ix_featured_tags_tag", "tag_id"),
)

# A status quotes one other. What it quotes may not be here yet, or no more.
quotes: Final = Table(
    "quotes",
    metadata,
    own_id(),
    Column("status_id", BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=False, unique=True),
    account_id(),
    Column("quoted_uri", Text, nullable=False),
    Column("quoted_status_id", BigInteger, ForeignKey("statuses.id", ondelete="SET NULL")),
    Column("quoted_account_id", BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("state", String(16), nullable=False),
    Column("request_uri", Text),
    Column("approval_uri", Text),
    flag("is_legacy"),
    moment("created_at"),
    moment("checked_at"),
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
    moment("deleted_at"),
    Index(None, "deleted_at"),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    account_id(primary_key=True),
    Column("key", String(255), primary_key=True),
    status_id(),
    moment("created_at"),
    Index(None, "status_id"),
    Index(None, "created_at"),
)
