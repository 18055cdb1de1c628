"""SQL and nothing but SQL: plain functions whose first parameter is a connection, run as units of work."""
