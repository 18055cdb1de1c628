"""The revisions of the schema, and what Alembic needs to run them (see ``fedorg.store.migrate``)."""
