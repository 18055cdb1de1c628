"""Values and pure rules of a node, in Mastodon's words. Nothing here reads, writes or waits."""
