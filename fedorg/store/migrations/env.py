"""Run by Alembic for every command: hands it the connection and the tables.

The node sets the connection and has begun the transaction (``fedorg.store.migrate``). A developer brings a database of
the newest revision and gets a draft of the next one from the difference to ``fedorg.store.tables``::

    cd fedorg/store/migrations
    alembic -x url=sqlite:////tmp/new.db upgrade head
    alembic -x url=sqlite:////tmp/new.db revision --autogenerate --rev-id 0002 -m "what it adds"
"""

from alembic import context
from sqlalchemy import Connection, create_engine

from fedorg.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["url"]).connect() as own:
        _run(own)
