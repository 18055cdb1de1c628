"""What is asked for beside something rarer, told to SQLite, which keeps no statistics here; PostgreSQL does."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class beside(FunctionElement[Any]):  # noqa: N801 - read as the function it is
    """The same value, but on SQLite none that an index is chosen for. Spec: https://www.sqlite.org/optoverview.html."""

    inherit_cache: bool | None = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(beside)
def _itself(element: beside, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return compiler.process(element.clauses, **options)


@compiles(beside, "sqlite")
def _without_index(element: beside, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - likewise
    return f"+{compiler.process(element.clauses, **options)}"
