"""The first schema: everything a node keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table; a table comes after those it refers to."""
    _create_people()
    _create_relationships()
    _create_statuses()
    _create_reading()
    _create_federation_and_work()


def _create_people() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=True),
        sa.Column("peer", sa.Text, nullable=True),
        sa.Column("acct_key", sa.Text, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("actor_type", sa.String(length=16), nullable=False),
        sa.Column("display_name", sa.Text, server_default="", nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("note_source", sa.Text, server_default="", nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("emojis", sa.JSON, nullable=False),
        sa.Column("avatar", sa.Text, nullable=True),
        sa.Column("avatar_static", sa.Text, nullable=True),
        sa.Column("avatar_description", sa.Text, server_default="", nullable=False),
        sa.Column("header", sa.Text, nullable=True),
        sa.Column("header_description", sa.Text, server_default="", nullable=False),
        sa.Column("locked", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("discoverable", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("indexable", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("hide_collections", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("memorial", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("inbox", sa.Text, server_default="", nullable=False),
        sa.Column("shared_inbox", sa.Text, nullable=True),
        sa.Column("outbox", sa.Text, server_default="", nullable=False),
        sa.Column("followers_uri", sa.Text, server_default="", nullable=False),
        sa.Column("following_uri", sa.Text, server_default="", nullable=False),
        sa.Column("featured_uri", sa.Text, nullable=True),
        sa.Column("also_known_as", sa.JSON, nullable=False),
        sa.Column("moved_to_uri", sa.Text, nullable=True),
        sa.Column("suspended_at", sa.BigInteger, nullable=True),
        sa.Column("silenced_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=True),
        sa.Column("fetched_at", sa.BigInteger, nullable=True),
        sa.Column("last_status_at", sa.BigInteger, nullable=True),
        sa.Column("followers_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("following_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("statuses_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("acct_key", name="uq_accounts_acct_key"),
        sa.UniqueConstraint("uri", name="uq_accounts_uri"),
    )
    op.create_index("ix_accounts_peer", "accounts", ["peer"])
    op.create_table(
        "account_keys",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("private", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_keys_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uri", name="pk_account_keys"),
    )
    op.create_index("ix_account_keys_account_id", "account_keys", ["account_id"])
    op.create_table(
        "invites",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("created_by", sa.BigInteger, nullable=False),
        sa.Column("uses", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("uses_max", sa.Integer, nullable=True),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("code", name="uq_invites_code"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=True),
        sa.Column("password_hash", sa.Text, nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("default_visibility", sa.String(length=16), nullable=False),
        sa.Column("default_reach", sa.String(length=16), nullable=True),
        sa.Column("default_sensitive", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("default_language", sa.String(length=16), nullable=True),
        sa.Column("sign_up_reason", sa.Text, server_default="", nullable=False),
        sa.Column("invite_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger, nullable=True),
        sa.Column("approved_at", sa.BigInteger, nullable=True),
        sa.Column("disabled_at", sa.BigInteger, nullable=True),
        sa.Column("last_sign_in_at", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_users_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["invite_id"], ["invites.id"], name="fk_users_invite_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("username", name="uq_users_username"),
    )
    op.create_table(
        "user_accounts",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_user_accounts_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_accounts_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "account_id", name="pk_user_accounts"),
    )
    op.create_index("ix_user_accounts_account_id", "user_accounts", ["account_id"])
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_in_links_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_links"),
    )
    op.create_index("ix_sign_in_links_expires_at", "sign_in_links", ["expires_at"])
    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("website", sa.Text, nullable=True),
        sa.Column("redirect_uris", sa.JSON, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("client_secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("client_id", name="uq_applications_client_id"),
    )
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("application_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("code_challenge", sa.Text, nullable=True),
        sa.Column("token_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_authorization_codes_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_authorization_codes_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_authorization_codes_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_authorization_codes"),
    )
    op.create_index("ix_authorization_codes_expires_at", "authorization_codes", ["expires_at"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("application_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=True),
        sa.Column("account_id", sa.BigInteger, nullable=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tokens_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_index("ix_tokens_application_id", "tokens", ["application_id"])
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _create_relationships() -> None:
    op.create_table(
        "follows",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("target_id", sa.BigInteger, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("show_reblogs", sa.Boolean, nullable=False),
        sa.Column("notify", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_follows_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_follows_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_follows"),
        sa.UniqueConstraint("account_id", "target_id", name="uq_follows_account_id_target_id"),
        sa.UniqueConstraint("uri", name="uq_follows_uri"),
    )
    op.create_index("ix_follows_target", "follows", ["target_id", "state", "account_id"])
    op.create_table(
        "blocks",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("target_id", sa.BigInteger, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_blocks_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_blocks_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
        sa.UniqueConstraint("account_id", "target_id", name="uq_blocks_account_id_target_id"),
        sa.UniqueConstraint("uri", name="uq_blocks_uri"),
    )
    op.create_index("ix_blocks_target_id", "blocks", ["target_id"])
    op.create_table(
        "mutes",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("target_id", sa.BigInteger, nullable=False),
        sa.Column("notifications", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_mutes_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_mutes_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mutes"),
        sa.UniqueConstraint("account_id", "target_id", name="uq_mutes_account_id_target_id"),
    )
    op.create_table(
        "account_notes",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("target_id", sa.BigInteger, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_notes_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_account_notes_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "target_id", name="pk_account_notes"),
    )


def _create_statuses() -> None:
    op.create_table(
        "statuses",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("reach", sa.String(length=16), nullable=False),
        sa.Column("reach_domain", sa.Text, nullable=True),
        sa.Column("text", sa.Text, server_default="", nullable=False),
        sa.Column("content", sa.Text, server_default="", nullable=False),
        sa.Column("spoiler_text", sa.Text, server_default="", nullable=False),
        sa.Column("sensitive", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("in_reply_to_id", sa.BigInteger, nullable=True),
        sa.Column("in_reply_to_account_id", sa.BigInteger, nullable=True),
        sa.Column("in_reply_to_uri", sa.Text, nullable=True),
        sa.Column("thread_id", sa.BigInteger, nullable=False),
        sa.Column("reblog_of_id", sa.BigInteger, nullable=True),
        sa.Column("application_id", sa.BigInteger, nullable=True),
        sa.Column("emojis", sa.JSON, nullable=False),
        sa.Column("is_local", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("edited_at", sa.BigInteger, nullable=True),
        sa.Column("replies_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("reblogs_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("favourites_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_statuses_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_statuses_application_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["reblog_of_id"], ["statuses.id"], name="fk_statuses_reblog_of_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_statuses"),
        sa.UniqueConstraint("account_id", "reblog_of_id", name="uq_statuses_account_id_reblog_of_id"),
        sa.UniqueConstraint("uri", name="uq_statuses_uri"),
    )
    op.create_index("ix_statuses_account", "statuses", ["account_id", "id"])
    op.create_index("ix_statuses_in_reply_to", "statuses", ["in_reply_to_id", "id"])
    op.create_index("ix_statuses_in_reply_to_uri", "statuses", ["in_reply_to_uri"])
    op.create_index("ix_statuses_public", "statuses", ["visibility", "id"])
    op.create_index("ix_statuses_reblog", "statuses", ["reblog_of_id"])
    op.create_index("ix_statuses_thread", "statuses", ["thread_id", "id"])
    op.create_table(
        "status_edits",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, server_default="", nullable=False),
        sa.Column("content", sa.Text, server_default="", nullable=False),
        sa.Column("spoiler_text", sa.Text, server_default="", nullable=False),
        sa.Column("sensitive", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("media", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_status_edits_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_edits_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_status_edits"),
    )
    op.create_index("ix_status_edits_status", "status_edits", ["status_id", "id"])
    op.create_table(
        "mentions",
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_mentions_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_mentions_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("status_id", "account_id", name="pk_mentions"),
    )
    op.create_index("ix_mentions_account", "mentions", ["account_id", "status_id"])
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("name", name="uq_tags_name"),
    )
    op.create_table(
        "status_tags",
        sa.Column("tag_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_tags_status_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_status_tags_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "status_id", name="pk_status_tags"),
    )
    op.create_index("ix_status_tags_status", "status_tags", ["status_id"])
    op.create_table(
        "media_attachments",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=True),
        sa.Column("position", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=True),
        sa.Column("preview", sa.Text, nullable=True),
        sa.Column("remote_url", sa.Text, nullable=True),
        sa.Column("description", sa.Text, server_default="", nullable=False),
        sa.Column("blurhash", sa.Text, nullable=True),
        sa.Column("focus_x", sa.Float, nullable=True),
        sa.Column("focus_y", sa.Float, nullable=True),
        sa.Column("original_width", sa.Integer, nullable=True),
        sa.Column("original_height", sa.Integer, nullable=True),
        sa.Column("small_width", sa.Integer, nullable=True),
        sa.Column("small_height", sa.Integer, nullable=True),
        sa.Column("size_bytes", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_media_attachments_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name="fk_media_attachments_status_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_media_attachments"),
    )
    op.create_index("ix_media_attachments_account", "media_attachments", ["account_id", "id"])
    op.create_index("ix_media_attachments_status", "media_attachments", ["status_id", "position"])
    op.create_table(
        "favourites",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_favourites_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_favourites_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_favourites"),
        sa.UniqueConstraint("account_id", "status_id", name="uq_favourites_account_id_status_id"),
        sa.UniqueConstraint("uri", name="uq_favourites_uri"),
    )
    op.create_index("ix_favourites_status", "favourites", ["status_id", "id"])
    op.create_table(
        "bookmarks",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_bookmarks_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_bookmarks_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_bookmarks"),
        sa.UniqueConstraint("account_id", "status_id", name="uq_bookmarks_account_id_status_id"),
    )
    op.create_index("ix_bookmarks_status", "bookmarks", ["status_id"])
    op.create_table(
        "tombstones",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("deleted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("uri", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_deleted_at", "tombstones", ["deleted_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_idempotency_keys_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name="fk_idempotency_keys_status_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_index("ix_idempotency_keys_status_id", "idempotency_keys", ["status_id"])


def _create_reading() -> None:
    op.create_table(
        "home_timeline",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_home_timeline_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_home_timeline_author_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_home_timeline_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "status_id", name="pk_home_timeline"),
    )
    op.create_index("ix_home_timeline_author", "home_timeline", ["account_id", "author_id"])
    op.create_index("ix_home_timeline_status", "home_timeline", ["status_id"])
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("from_account_id", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_notifications_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_account_id"], ["accounts.id"], name="fk_notifications_from_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_notifications_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint(
            "account_id",
            "type",
            "from_account_id",
            "origin",
            name="uq_notifications_account_id_type_from_account_id_origin",
        ),
    )
    op.create_index("ix_notifications_account", "notifications", ["account_id", "id"])
    op.create_index("ix_notifications_from", "notifications", ["from_account_id"])
    op.create_index("ix_notifications_status", "notifications", ["status_id"])
    op.create_table(
        "markers",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("timeline", sa.String(length=16), nullable=False),
        sa.Column("last_read_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_markers_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "timeline", name="pk_markers"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=True),
        sa.Column("subject_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_created_at", "events", ["created_at"])


def _create_federation_and_work() -> None:
    op.create_table(
        "peers",
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("signature_scheme", sa.String(length=32), nullable=True),
        sa.Column("software", sa.Text, nullable=True),
        sa.Column("software_version", sa.Text, nullable=True),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("last_success_at", sa.BigInteger, nullable=True),
        sa.Column("last_failure_at", sa.BigInteger, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.Column("failures", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("closed_until", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("domain", name="pk_peers"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=True),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=True),
        sa.Column("dead_at", sa.BigInteger, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_due", "jobs", ["dead_at", "due_at", "id"])
    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("reach", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_activities_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
        sa.UniqueConstraint("uri", name="uq_activities_uri"),
    )
    op.create_index("ix_activities_created_at", "activities", ["created_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.BigInteger, nullable=False),
        sa.Column("inbox", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("object_uri", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=True),
        sa.Column("dead_at", sa.BigInteger, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name="fk_deliveries_activity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("activity_id", "inbox", name="uq_deliveries_activity_id_inbox"),
    )
    op.create_index("ix_deliveries_domain", "deliveries", ["domain", "id"])
    op.create_index("ix_deliveries_due", "deliveries", ["dead_at", "due_at", "id"])
    op.create_index("ix_deliveries_object", "deliveries", ["object_uri", "inbox", "id"])
    op.create_table(
        "status_inboxes",
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("inbox", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_inboxes_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("status_id", "inbox", name="pk_status_inboxes"),
    )
    op.create_table(
        "seen_activities",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("uri", name="pk_seen_activities"),
    )
    op.create_index("ix_seen_activities_received_at", "seen_activities", ["received_at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=True),
        sa.Column("account_id", sa.BigInteger, nullable=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_created_at", "audit_log", ["created_at"])
