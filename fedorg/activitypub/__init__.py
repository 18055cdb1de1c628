"""The only package of the node that speaks ActivityPub.

In: ``receive`` (the door), ``dispatch`` and ``handlers`` (what was taken), ``resolve`` (what must be fetched). Out:
``documents`` (our values as theirs) and ``outgoing`` (who gets them). Every way in or out asks ``policy`` first.
"""
