"""What tables are made of: the columns that many have, and how a time is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    TextClause,
    TypeDecorator,
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

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored as milliseconds since 1970."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Milliseconds; a naive time is a programming error and raises ``TypeError``."""
        return None if value is None else (value - EPOCH) // _MILLISECOND

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware UTC."""
        return None if value is None else EPOCH + timedelta(milliseconds=value)


def own_id() -> Column[int]:
    """The id of a row: a snowflake, given by the node."""
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


def account_id(name: str = "account_id", *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    """A column that names an account and goes with it."""
    return Column(
        name, BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=nullable, primary_key=primary_key
    )


def status_id(name: str = "status_id", *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    """A column that names a status and goes with it."""
    return Column(
        name, BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), nullable=nullable, primary_key=primary_key
    )


def flag_set(name: str) -> Column[bool]:
    """Yes or no; yes unless said."""
    return Column(name, Boolean, nullable=False, server_default=true())


def moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A time, as ``Moment``."""
    return Column(name, Moment, nullable=nullable)


def flag(name: str) -> Column[bool]:
    """Yes or no; no unless said."""
    return Column(name, Boolean, nullable=False, server_default=false())


def string(name: str) -> Column[str]:
    """Text that is empty unless said."""
    return Column(name, Text, nullable=False, server_default="")


def prefixed(name: str, *, primary_key: bool = False) -> Column[str]:
    """A text that is found by how it begins: in the order of its bytes, on either engine; unique, or in the key."""
    kind = Text().with_variant(Text(collation="C"), "postgresql")
    return Column(name, kind, nullable=False, primary_key=primary_key, unique=not primary_key or None)


def count(name: str) -> Column[int]:
    """A number that begins with nothing."""
    return Column(name, Integer, nullable=False, server_default=text("0"))


def partial_index(name: str, *columns: ColumnElement[Any], where: ColumnElement[bool] | TextClause) -> Index:
    """An index of the rows for which ``where`` holds.

    That it does so on PostgreSQL too, only the revisions say: to say it here, SQLAlchemy loads all it knows of that.
    """
    return Index(name, *columns, sqlite_where=where)
