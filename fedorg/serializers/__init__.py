"""Values to Mastodon entities: pure functions that only write. They cannot query."""
