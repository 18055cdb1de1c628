"""Which of too many offers gives way: one of those whose servers stand closest together.

Names cost nothing below a host that somebody has. So the offers are held to be a tree of names, and at each fork the
fuller branch gives way: whoever sends from a hundred names below one host crowds out himself.
"""

from collections import defaultdict
from collections.abc import Iterable

from fedorg.domain.partnerships import Partnership
from fedorg.domain.peers import lineage


def crowded_out(waiting: Iterable[Partnership]) -> Partnership:
    """The latest offer in the fullest branch; where two are as full, in that with the latest offer of both."""
    left = sorted(waiting, key=lambda one: one.id)
    depth = 0
    while len({one.domain for one in left}) > 1:
        branches: dict[str, list[Partnership]] = defaultdict(list)
        for one in left:
            names = lineage(one.domain)[::-1]
            branches[names[min(depth, len(names) - 1)]].append(one)
        left = max(branches.values(), key=lambda branch: (len(branch), branch[-1].id))
        depth += 1
    return left[-1]
