"""Whether the text of a link speaks of another host than the one it leads to (S13).

Judged is what a reader sees: without what is hidden by a class, without characters that have no shape, in
compatibility form, word by word. A word that looks like an address with a scheme or ``www.`` deceives as a whole;
a bare name with a dot may also be a file or a product (``node.js``), so it only wants the true host beside it.
"""

import re
import unicodedata
from enum import Enum, auto
from typing import Final

from fedorg.text.hosts import UNSEEN, canonical_host, is_same_site


class Deception(Enum):
    """What is wrong with the text of a link."""

    ADDRESS = auto()  # it shows an address of another host
    NAME = auto()  # it holds a name that may be taken for another host


def deception_in(visible: str, host: str) -> Deception | None:
    """The worst that ``visible`` says about where a link to the canonical ``host`` leads."""
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", visible))
    found = {_deception_in_word(word, host) for word in text.split()}
    return next((kind for kind in Deception if kind in found), None)


_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
_ADDRESS: Final = re.compile(r"(?:[a-z][a-z0-9+-]{0,15}:[/\\]+|(?<!\w)(?=www\.))", re.IGNORECASE)
_AUTHORITY_END: Final = re.compile(r"[/\\?#]")
_NAME: Final = re.compile(r"(?<![\w.@-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,10}\.[^\W\d_][\w-]{1,62}(?![\w@-])")
_PORT: Final = re.compile(r":[0-9]*$")


def _deception_in_word(word: str, host: str) -> Deception | None:
    address = _ADDRESS.search(word)
    authority = _AUTHORITY_END.split(word[address.end() :] if address else word, maxsplit=1)[0]
    if address:
        shown = _PORT.sub("", authority.rpartition("@")[2]).strip("[]()<>.,;:!\"'…")
        return None if _is_host(shown, host) else Deception.ADDRESS
    if all(_is_host(name[0], host) for name in _NAME.finditer(authority)):
        return None
    return Deception.NAME


def _is_host(shown: str, host: str) -> bool:
    canonical = canonical_host(shown)
    return canonical is not None and is_same_site(canonical, host)
