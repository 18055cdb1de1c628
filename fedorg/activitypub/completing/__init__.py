"""What is missing of threads and profiles, fetched in the background under a budget that no peer can make larger."""
