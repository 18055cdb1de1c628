"""Mastodon's client API as an executable specification.

``assert_valid`` and ``assert_all_valid`` hold entities against the published description. ``python -m tests.contract``
walks over every operation of it against a real node: one module for each section, in each a function for each
operation, which calls it, looks for its effect by another way, and tries what must be refused.
"""

from tests.contract.document import assert_all_valid, assert_valid

__all__ = ["assert_all_valid", "assert_valid"]
