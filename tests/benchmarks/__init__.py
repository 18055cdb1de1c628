"""What a node costs, measured on a real one; see ``docs/performance.md``. Nothing here runs as a test."""
