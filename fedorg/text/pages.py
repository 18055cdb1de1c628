"""What a page on the web says about itself: OpenGraph, Twitter's names, JSON-LD, plain HTML, and where its oEmbed lies.

A page is somebody else's and may say anything. Only the few elements that speak about it are cut out and parsed as a
browser would: the repair of wrong nesting is quadratic in a whole page that wants it to be (S25). What comes of it are
plain texts on one line and addresses of the web, each bounded. Spec: ogp.me, oembed.com, schema.org.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from fedorg.domain.cards import CardType, PageFacts
from fedorg.text.plain import normalise_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

TITLE_CHARACTERS_MAX: Final = 300
DESCRIPTION_CHARACTERS_MAX: Final = 1000
NAME_CHARACTERS_MAX: Final = 200
ADDRESS_BYTES_MAX: Final = 2000
SIDE_MAX: Final = 16_384
_SNIFFED_BYTES: Final = 4096
_LD_BYTES_MAX: Final = 200_000
_LD_BLOCKS_MAX: Final = 8
_ELEMENTS_MAX: Final = 2000
_LANGUAGE_CHARACTERS_MAX: Final = 16
_ARTICLES: Final = ("Article", "Posting", "WebPage", "Report", "Review", "Recipe", "CreativeWork", "VideoObject")
_TELLING: Final = re.compile(r"<(html|meta|link|title|script)(?=[\s/>])", re.IGNORECASE)
TAG_REST: Final = re.compile(r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>")
TAG_CHARACTERS_MAX: Final = 16_384
_CLOSED: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("title", "script")}
# The encodings of the web (WHATWG Encoding §4.2). Others are traps: Python's punycode takes quadratic time.
_CHARSETS: Final = frozenset(
    {"ascii", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gbk", "gb2312", "gb18030", "big5", "big5hkscs", "euc_jp"}
    | {"iso2022_jp", "shift_jis", "cp932", "euc_kr", "cp949", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp866"}
    | {"cp874", "tis-620", *(f"cp{number}" for number in range(1250, 1259))}
    | {"iso8859-1", *(f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16))}
)
_OEMBED: Final = ("application/json+oembed", "text/json+oembed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """What a page says, and where it says that more is to be had ("" is nowhere)."""

    facts: PageFacts
    oembed_url: str = ""


def parsed(html: str) -> "LexborHTMLParser":
    """HTML as a browser would read it."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - large, and only links to pages need it

    return LexborHTMLParser(html)


def read_page(body: bytes, declared_charset: str | None, url: str) -> ReadPage:
    """What the HTML at ``url`` says about itself; never raises."""
    tree = parsed(_telling(decoded(body, declared_charset)))
    meta = _meta(tree)
    ld = _linked_data(tree)

    def first(*names: str) -> str:
        return next((meta[name] for name in names if meta.get(name)), "")

    site = urlsplit(url)
    title = tree.css_first("title")
    html = tree.css_first("html")
    facts = PageFacts(
        title=_line(
            first("og:title", "twitter:title") or ld.get("headline") or ("" if title is None else title.text()),
            TITLE_CHARACTERS_MAX,
        ),
        description=_line(
            first("og:description", "twitter:description", "description") or ld.get("description"),
            DESCRIPTION_CHARACTERS_MAX,
        ),
        provider_name=_line(first("og:site_name") or _name(ld.get("publisher")), NAME_CHARACTERS_MAX),
        provider_url=f"{site.scheme}://{site.netloc}",
        author_name=_line(_name(ld.get("author")) or first("author", "twitter:creator"), NAME_CHARACTERS_MAX),
        author_url=web_address(_url(ld.get("author")) or first("article:author"), url),
        image=web_address(first("og:image:secure_url", "og:image", "twitter:image") or _url(ld.get("image")), url),
        image_description=_line(first("og:image:alt", "twitter:image:alt"), DESCRIPTION_CHARACTERS_MAX),
        width=_side(first("og:image:width")),
        height=_side(first("og:image:height")),
        language=_line(
            ld.get("inLanguage") or ("" if html is None else html.attributes.get("lang")), _LANGUAGE_CHARACTERS_MAX
        ),
        published_at=_moment(first("article:published_time") or ld.get("datePublished")),
        creator=_line(first("fediverse:creator"), NAME_CHARACTERS_MAX).removeprefix("@"),
    )
    return ReadPage(facts=facts, oembed_url=_oembed_url(tree, url))


def merge_oembed(facts: PageFacts, document: object, url: str) -> PageFacts:
    """``facts`` completed by the oEmbed document of the same page. Its HTML is left out, whatever it is (S54)."""
    if not isinstance(document, dict):
        return facts

    def line(name: str, most: int = NAME_CHARACTERS_MAX) -> str:
        return _line(document.get(name), most)

    merged = replace(
        facts,
        title=facts.title or line("title", TITLE_CHARACTERS_MAX),
        provider_name=line("provider_name") or facts.provider_name,
        provider_url=web_address(document.get("provider_url"), url) or facts.provider_url,
        author_name=line("author_name") or facts.author_name,
        author_url=web_address(document.get("author_url"), url) or facts.author_url,
        image=facts.image or web_address(document.get("thumbnail_url"), url),
    )
    photo = web_address(document.get("url"), url) if document.get("type") == "photo" else ""
    if not photo:
        return merged
    return replace(
        merged,
        type=CardType.PHOTO,
        embed_url=photo,
        image=merged.image or photo,
        width=_side(document.get("width")),
        height=_side(document.get("height")),
    )


def links_in(html: str) -> tuple[str, ...]:
    """Addresses of the web that safe HTML of a status links to, in order, without mentions, hashtags and its quote."""
    found = []
    for link in parsed(html).css("a[href]"):
        classes = (link.attributes.get("class") or "").split()
        if not {"mention", "hashtag", "u-url"} & set(classes) and not _is_quote(link.parent):
            found.append(web_address(link.attributes.get("href"), ""))
    return tuple(one for one in found if one)


def _is_quote(node: Any) -> bool:  # noqa: ANN401 - the parser's
    return node is not None and "quote-inline" in (node.attributes.get("class") or "").split()


def _telling(html: str) -> str:
    """The elements of a page that tell about it, one after the other, without anything between them."""
    found: list[str] = []
    position = 0
    for _ in range(_ELEMENTS_MAX):
        start = _TELLING.search(html, position)
        if start is None:
            break
        end = TAG_REST.match(html, start.end(), start.end() + TAG_CHARACTERS_MAX)
        position = start.end() if end is None else end.end()
        name = start[1].lower()
        if end is not None and name not in _CLOSED:
            found.append(html[start.start() : position])
        elif end is not None:
            closing = _CLOSED[name].search(html, position)
            if closing is None:
                break
            found.append(f"{html[start.start() : closing.start()]}</{name}>")
            position = closing.end()
    return "".join(found)


def decoded(body: bytes, declared: str | None) -> str:
    """The text of a page, in the encoding that its server declares, else in the one it names itself."""
    for name in (declared, _charset_in(body), "utf-8"):
        encoding = _encoding(name)
        if encoding is not None:
            return body.decode(encoding, "replace")
    return body.decode("utf-8", "replace")


def _encoding(name: str | None) -> str | None:
    """Python's name of an encoding that pages are written in; None for any other."""
    try:
        found = codecs.lookup(name or "").name
    except (LookupError, ValueError):
        return None
    return found if found in _CHARSETS else None


def _charset_in(body: bytes) -> str | None:
    """What the beginning of a page says about its own encoding."""
    tree = parsed(_telling(body[:_SNIFFED_BYTES].decode("latin-1")))
    for node in tree.css("meta"):
        if charset := node.attributes.get("charset"):
            return charset.strip()
        if (node.attributes.get("http-equiv") or "").lower() == "content-type":
            _, _, charset = (node.attributes.get("content") or "").lower().partition("charset=")
            if charset:
                return charset.split(";")[0].strip()
    return None


def _meta(tree: "LexborHTMLParser") -> Mapping[str, str]:
    """What the page's meta elements say, by name in lower case; the first counts."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]")[:_ELEMENTS_MAX]:
        name = node.attributes.get("property") or node.attributes.get("name")
        content = node.attributes.get("content")
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _linked_data(tree: "LexborHTMLParser") -> Mapping[str, Any]:
    """The first article that the page describes in JSON-LD; empty if there is none."""
    for node in tree.css('script[type="application/ld+json"]')[:_LD_BLOCKS_MAX]:
        try:
            document = json.loads(node.text()[:_LD_BYTES_MAX])
        except (ValueError, RecursionError):
            continue
        for one in _described(document):
            kinds = one.get("@type")
            names = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(name, str) and name.endswith(_ARTICLES) for name in names):
                return one
    return {}


def _described(document: object) -> Iterator[dict[str, Any]]:
    graph = document.get("@graph") if isinstance(document, dict) else None
    candidates = [document, *(graph if isinstance(graph, list) else [])]
    for one in document if isinstance(document, list) else candidates:
        if isinstance(one, dict):
            yield one


def _name(value: object) -> object:
    one = value[0] if isinstance(value, list) and value else value
    return one.get("name") if isinstance(one, dict) else one


def _url(value: object) -> object:
    one = value[0] if isinstance(value, list) and value else value
    return one.get("url") if isinstance(one, dict) else one


def _oembed_url(tree: "LexborHTMLParser", url: str) -> str:
    for node in tree.css("link[href]")[:_ELEMENTS_MAX]:
        if (node.attributes.get("type") or "").lower() in _OEMBED:
            return web_address(node.attributes.get("href"), url)
    return ""


def _line(value: object, most: int) -> str:
    """Plain text on one line; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    line = normalise_line(value[: most * 8])
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def web_address(value: object, base: str) -> str:
    """An absolute address of the web without a fragment; "" for anything else."""
    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        found = urlsplit(urljoin(base, value.strip()))
        is_web = found.scheme in ("http", "https") and bool(found.hostname) and "@" not in found.netloc
    except ValueError:
        return ""
    whole = found._replace(fragment="", path=found.path or ("/" if found.query else "")).geturl()
    is_clean = whole.isprintable() and not any(one in whole for one in " \"'<>\\")
    return whole if is_web and is_clean and len(whole.encode()) <= ADDRESS_BYTES_MAX else ""


def _side(value: object) -> int:
    """Pixels; 0 for what is no reasonable length."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= len(str(SIDE_MAX)) else 0
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SIDE_MAX else 0


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip()[:40])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
