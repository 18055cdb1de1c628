"""What a node can do: rules, each change one unit of work. Nothing here speaks HTTP or ActivityPub."""
