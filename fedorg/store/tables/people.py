"""Who there is: accounts, their keys, users, and how they sign in."""

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
    func,
    literal_column,
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
    string,
)

accounts: Final = Table(
    "accounts",
    metadata,
    own_id(),
    Column("username", Text, nullable=False),
    Column("domain", Text),
    # The server: what tiers, reach and deliveries go by. The domain above is the one in the handle.
    Column("peer", Text),
    # lower(username)@lower(domain), or lower(username) alone: one spelling, one account (S7).
    Column("acct_key", Text, nullable=False, unique=True),
    Column("uri", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("actor_type", String(16), nullable=False),
    string("display_name"),
    string("note"),
    string("note_source"),
    Column("fields", JSON, nullable=False),
    Column("emojis", JSON, nullable=False),
    Column("avatar", Text),
    Column("avatar_static", Text),
    string("avatar_description"),
    Column("header", Text),
    string("header_description"),
    flag("locked"),
    flag("discoverable"),
    flag("indexable"),
    flag("hide_collections"),
    flag("memorial"),
    flag_set("show_media"),
    flag_set("show_media_replies"),
    flag_set("show_featured"),
    Column("attribution_domains", JSON),
    string("inbox"),
    Column("shared_inbox", Text),
    string("outbox"),
    string("followers_uri"),
    string("following_uri"),
    Column("featured_uri", Text),
    Column("featured_tags_uri", Text),
    Column("also_known_as", JSON, nullable=False),
    Column("moved_to_uri", Text),
    moment("moved_at", nullable=True),
    moment("suspended_at", nullable=True),
    flag("suspended_remotely"),
    moment("deleted_at", nullable=True),
    moment("silenced_at", nullable=True),
    moment("sensitized_at", nullable=True),
    # Pictures, files and emojis of its server are not shown here.
    flag("media_rejected"),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("fetched_at", nullable=True),
    moment("last_status_at", nullable=True),
    count("followers_count"),
    count("following_count"),
    count("statuses_count"),
    Index(None, "peer"),
)

# By the inbox that stands for an account.
Index("ix_accounts_delivery_inbox", func.coalesce(accounts.c.shared_inbox, accounts.c.inbox))
# The few that are suspended, limited or marked: whoever lists anything leaves the first out.
partial_index("ix_accounts_suspended", accounts.c.id, where=accounts.c.suspended_at.is_not(None))
partial_index("ix_accounts_silenced", accounts.c.id, where=accounts.c.silenced_at.is_not(None))
partial_index("ix_accounts_sensitized", accounts.c.id, where=accounts.c.sensitized_at.is_not(None))
partial_index("ix_accounts_domain", accounts.c.domain, where=accounts.c.domain.is_not(None))
partial_index("ix_accounts_fetched", accounts.c.fetched_at, where=accounts.c.domain.is_not(None))

# The directory and suggestions: those who want to be found, everywhere and here.
LAST_ACTIVE: Final = func.coalesce(accounts.c.last_status_at, literal_column("0")).desc()
_WHERE: Final = {"": accounts.c.discoverable, "_here": accounts.c.discoverable & accounts.c.domain.is_(None)}
for _suffix, _where in _WHERE.items():
    partial_index(f"ix_accounts_active{_suffix}", LAST_ACTIVE, accounts.c.acct_key, where=_where)
    partial_index(f"ix_accounts_new{_suffix}", accounts.c.created_at.desc(), accounts.c.acct_key, where=_where)
partial_index("ix_accounts_popular_here", accounts.c.followers_count.desc(), accounts.c.id, where=_WHERE["_here"])

# As a search ranks whom it finds: those of this node, who are few among all, and the others.
_RANK: Final = (accounts.c.followers_count.desc(), accounts.c.acct_key)
partial_index("ix_accounts_ranked_here", *_RANK, where=accounts.c.domain.is_(None))
partial_index("ix_accounts_ranked", *_RANK, where=accounts.c.domain.is_not(None))

# What accounts are found by: handles, and display names from each of their words on (``store.names``).
account_names: Final = Table(
    "account_names",
    metadata,
    Column("is_here", Boolean, primary_key=True),
    prefixed("name", primary_key=True),
    account_id(primary_key=True),
    Index(None, "account_id"),
)

# Where somebody works, and as what: of members by their own word, of others by that of their node when it last listed
# them among the people of the organisation.
colleagues: Final = Table(
    "colleagues",
    metadata,
    account_id(primary_key=True),
    string("department"),
    string("job_title"),
    moment("listed_at"),
)

account_keys: Final = Table(
    "account_keys",
    metadata,
    Column("uri", Text, primary_key=True),
    account_id(),
    Column("algorithm", String(16), nullable=False),
    Column("public", Text, nullable=False),
    Column("private", Text),
    moment("created_at"),
    Index(None, "account_id"),
)

invites: Final = Table(
    "invites",
    metadata,
    own_id(),
    Column("code", Text, nullable=False, unique=True),
    Column("created_by", BigInteger, nullable=False),
    count("uses"),
    Column("uses_max", Integer),
    moment("expires_at", nullable=True),
    moment("created_at"),
)

users: Final = Table(
    "users",
    metadata,
    own_id(),
    account_id(),
    Column("username", Text, nullable=False, unique=True),
    Column("email", Text, unique=True),
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("default_visibility", String(16), nullable=False),
    Column("default_reach", String(16)),
    Column("default_partners", Text),
    flag("default_sensitive"),
    Column("default_language", String(16)),
    Column("default_quote_policy", String(16), nullable=False, server_default="public"),
    string("sign_up_reason"),
    Column("invite_id", BigInteger, ForeignKey("invites.id", ondelete="SET NULL")),
    moment("created_at"),
    moment("confirmed_at", nullable=True),
    moment("approved_at", nullable=True),
    moment("disabled_at", nullable=True),
    moment("last_sign_in_at", nullable=True),
    Index(None, "account_id"),
    Index(None, "invite_id"),
)
# Who waits to be let in.
partial_index("ix_users_waiting", users.c.username, where=users.c.approved_at.is_(None))

# On which days (since 1970, in UTC) who was here: a row for each user and day.
active_days: Final = Table(
    "active_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "user_id"),
)

# How often somebody tried something in the window of time that ends then; all that is kept of it is a digest.
attempts: Final = Table(
    "attempts",
    metadata,
    Column("digest", String(64), primary_key=True),
    moment("ends_at"),
    Column("count", Integer, nullable=False),
    Index(None, "ends_at"),
)

# Which accounts a user may act for: its own, and shared ones such as a press office.
user_accounts: Final = Table(
    "user_accounts",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    account_id(primary_key=True),
    moment("created_at"),
    Index(None, "account_id"),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    moment("created_at"),
    moment("expires_at"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_links: Final = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    moment("created_at"),
    moment("expires_at"),
    Index(None, "user_id"),
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
    moment("expires_at"),
    UniqueConstraint("user_id", "kind"),
    Index(None, "expires_at"),
)

applications: Final = Table(
    "applications",
    metadata,
    own_id(),
    Column("name", Text, nullable=False),
    Column("website", Text),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("client_id", String(64), nullable=False, unique=True),
    Column("client_secret_hash", String(64), nullable=False),
    moment("created_at"),
)

authorization_codes: Final = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    account_id(),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("code_challenge", Text),
    # Set when the code is exchanged: a second exchange revokes what the first one gave (RFC 6749 §4.1.2).
    Column("token_id", BigInteger),
    moment("created_at"),
    moment("expires_at"),
    Index(None, "application_id"),
    Index(None, "user_id"),
    Index(None, "account_id"),
    Index(None, "expires_at"),
)

tokens: Final = Table(
    "tokens",
    metadata,
    own_id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("application_id", BigInteger, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE")),
    account_id(nullable=True),
    Column("scopes", JSON, nullable=False),
    moment("created_at"),
    moment("last_used_at", nullable=True),
    Index(None, "user_id"),
    Index(None, "account_id"),
    Index(None, "application_id"),
)

# Where the notifications of an account are sent to: one place for each token, which it ends with (S42).
push_subscriptions: Final = Table(
    "push_subscriptions",
    metadata,
    own_id(),
    Column("token_id", BigInteger, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False, unique=True),
    account_id(),
    Column("endpoint", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("secret", Text, nullable=False),
    flag("is_standard"),
    Column("alerts", JSON, nullable=False),
    Column("policy", String(16), nullable=False),
    # The token itself, which messages name, closed with the key below.
    Column("sealed_token", Text, nullable=False),
    moment("created_at"),
    moment("failing_since", nullable=True),
    Index("ix_push_subscriptions_account", "account_id"),
)

# One row: by what push services know this node.
vapid_keys: Final = Table(
    "vapid_keys",
    metadata,
    own_id(),
    Column("private_key", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    moment("created_at"),
)
