"""How much of everything a peer may send (S26); ``bounded_json`` bounds the document as a whole.

A list that only decorates is cut at its limit; a string or list whose cut would change the meaning (ids, HTML, ``to``)
refuses the document. Numbers leave room above what Mastodon, Misskey and Lemmy allow their own people.
"""

from typing import Final

ACTIVITY_DEPTH_MAX: Final = 4
"""``Announce{Undo{Announce{Note}}}``, the deepest that is sent in earnest."""

ID_MAX: Final = 2_048
"""In bytes: what ids are found by takes rows of so many at most."""
HTML_MAX: Final = 262_144
NAME_MAX: Final = 2_048
SUMMARY_MAX: Final = 16_384
ALT_TEXT_MAX: Final = 10_000
TYPE_MAX: Final = 100
USERNAME_MAX: Final = 255
PEM_MAX: Final = 8_192
BLURHASH_MAX: Final = 128
MEDIA_TYPE_MAX: Final = 127
LANGUAGE_MAX: Final = 35

ADDRESSEES_MAX: Final = 1_000
ITEMS_MAX: Final = 5_000
TAGS_MAX: Final = 512
ATTACHMENTS_MAX: Final = 32
OPTIONS_MAX: Final = 50
FIELDS_MAX: Final = 50
KEYS_PER_ACTOR_MAX: Final = 16
ALIASES_MAX: Final = 64
LANGUAGES_MAX: Final = 64
TYPES_MAX: Final = 16
NUMBER_MAX: Final = 2**31 - 1
