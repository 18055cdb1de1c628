"""One module per activity type; ``dispatch.HANDLERS`` is the list.

A handler gets the account that sent the activity, proven, and the activity without anything its sender's server cannot
vouch for. It fetches what is missing first, then calls one service, and says how it ended. The first line of its
docstring is what FEDERATION.md tells of the type.
"""
