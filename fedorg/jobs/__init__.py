"""Durable work: what the queue in the database asks for, run beside the web server or in processes of its own.

``worker`` takes jobs and deliveries; ``distribute``, ``send``, ``handle``, ``deliver`` and ``upkeep`` do them. Each one
is safe to run twice, because a process may die at any moment.
"""
