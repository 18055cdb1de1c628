# ruff: noqa: RUF001, the letters of many scripts are the matter of this file
"""What members write: what is found in it, how it is counted, and the HTML made of it."""

import html
import re
from collections.abc import Callable

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedorg import text
from fedorg.text import graphemes
from fedorg.text.graphemes import count_graphemes

BOB = text.MentionTarget(url="https://b.example/@bob", username="bob", acct="bob@b.example")
OTHER_BOB = text.MentionTarget(url="https://c.example/@bob", username="bob", acct="bob@c.example")


def tag_url(name: str) -> str:
    return f"https://a.example/tags/{name}"


def handles(plain: str, rules: text.TextRules = text.DEFAULT_RULES) -> list[str]:
    return [mention.handle for mention in text.find(plain, rules).mentions]


@pytest.mark.parametrize(
    ("plain", "found"),
    [
        ("@alice", ["alice"]),
        ("hello @Alice, and @BOB@B.Example!", ["alice", "bob@b.example"]),
        ("(@alice) “@bob”", ["alice", "bob"]),
        (".@alice", ["alice"]),
        ("@alice.", ["alice"]),
        ("@alice_b.c-d", ["alice_b.c-d"]),
        ("@alice@b.example.", ["alice@b.example"]),
        ("@alice@b.example-", ["alice@b.example"]),
        ("@ärger", []),
        ("@bob@bücher.example", ["bob@bücher.example"]),
        ("@bob@BÜCHER.example", ["bob@bücher.example"]),
        ("@bob@उदाहरण.परीक्षा", ["bob@उदाहरण.परीक्षा"]),
        ("@bob@xn--bcher-kva.example", ["bob@xn--bcher-kva.example"]),
        ("@bob@sales", ["bob@sales"]),
        ("@bob@b..example", ["bob"]),
        ("mail bob@b.example", []),
        ("über@bob", []),
        ("a/@bob", []),
        ("x=@bob", []),
        ("@@bob", ["bob"]),
        ("@", []),
        ("@ bob", []),
        ("https://b.example/@bob", []),
        ("@alice@b.example@c.example", ["alice@b.example"]),
        ("@alice\n@bob", ["alice", "bob"]),
        ("@bob@b.example/path", ["bob@b.example"]),
        ("@" + "a" * 300, []),
    ],
)
def test_mentions_are_found_as_mastodon_finds_them(plain: str, found: list[str]) -> None:
    """A handle is recognised with and without a domain, in any script, and never inside a mail or web address."""
    assert handles(plain) == found


def test_ports_belong_to_a_mention_only_where_the_node_says_so() -> None:
    """Loopback nodes are named by their ports; everywhere else a colon ends the domain."""
    loopback = text.TextRules(allow_ports=True)

    assert handles("@bob@localhost:8001: hi", loopback) == ["bob@localhost:8001"]
    assert handles("@bob@localhost:8001: hi") == ["bob@localhost"]
    assert handles("@bob@localhost:99999 @a@b:0 @a@c:123456", loopback) == ["bob@localhost", "a@b", "a@c"]


@pytest.mark.parametrize(
    ("plain", "names"),
    [
        ("#Hello #hello", ["hello", "hello"]),
        ("#Übung #STRASSE #Straße", ["übung", "strasse", "strasse"]),
        ("#日本語。#हिन्दी #العربية #ไทย", ["日本語", "हिन्दी", "العربية", "ไทย"]),
        ("＃全角", ["全角"]),
        ("#Ｆｕｌｌ", ["full"]),
        ("#123", []),
        ("#2026review", ["2026review"]),
        ("#1_2 #_1 #1_", ["1_2"]),
        ("#l·l #a·", ["l·l", "a"]),
        ("#می\u200cخواهم", ["می\u200cخواهم"]),
        ("#a-b", ["a"]),
        ("##a", ["a"]),
        ("a#b", []),
        ("/#b =#b )#b", []),
        ("#a#b", ["a"]),
        ("# a", []),
        ("&#39; &#x27;", ["x27"]),
        ("https://a.example/#anchor", []),
        ("#" + "a" * 256, []),
        ("#cafe\u0301 #café", ["café", "café"]),
    ],
)
def test_hashtags_are_found_in_every_script(plain: str, names: list[str]) -> None:
    """Letters, marks and digits of any script make a hashtag; its name is the same however it is written."""
    assert [hashtag.name for hashtag in text.find(plain).hashtags] == names


@pytest.mark.parametrize(
    ("plain", "urls"),
    [
        ("see https://a.example/b?c=d#e.", ["https://a.example/b?c=d#e"]),
        ("(https://a.example/b_(c))", ["https://a.example/b_(c)"]),
        ("HTTP://A.example", ["HTTP://A.example"]),
        ("見てhttps://a.example/道。", ["https://a.example/道。"]),
        ("https://bücher.example/", ["https://bücher.example/"]),
        ("http://wiki/page http://localhost:8000/x", ["http://wiki/page", "http://localhost:8000/x"]),
        ("ftp://a.example javascript://a.example/%0aalert(1) //a.example www.a.example", []),
        ("xhttps://a.example", []),
        ("https:// http://", []),
        ("https://a.example@evil.example/", []),
        ("https://user:pass@a.example/", []),
        ("https://a.example\\@evil.example/", ["https://a.example"]),
        ("https://a.example/\u202egnp.exe", ["https://a.example/"]),
        ('https://a.example/"onclick="x', ["https://a.example/"]),
        ("https://a.example/<b>", ["https://a.example/"]),
        ("https://a.example/" + "x" * 3000, []),
        ("https://a.example:99999/", []),
    ],
)
def test_links_are_web_addresses_without_tricks(plain: str, urls: list[str]) -> None:
    """Only http and https are links, and no address that hides its host."""
    assert [link.url for link in text.find(plain).links] == urls


@given(st.text(alphabet=st.sampled_from("@#:/.ab1_ \n-éह\u200c·<&>\"'http")), st.booleans())
@example("https://a.b/@c #d @e@f.g", False)  # noqa: FBT003, an example of hypothesis is positional
def test_entities_lie_in_order_and_never_overlap(plain: str, ports: bool) -> None:  # noqa: FBT001, drawn by hypothesis
    """Whatever the text, entities are slices of it from left to right."""
    position = 0
    for entity in text.find(plain, text.TextRules(allow_ports=ports)).entities:
        assert position <= entity.start < entity.end <= len(plain)
        position = entity.end


def test_html_is_written_as_mastodon_writes_it() -> None:
    """Mentions, hashtags, links, line breaks and paragraphs have the markup that clients know."""
    plain = "Hi @bob@b.example & @nobody\nsee #Übung\n\n\nhttps://www.a.example/a/very/long/path/to/the/minutes.html?x=1&y=2"

    made = text.to_html(plain, {"bob@b.example": BOB}, tag_url)

    assert made == (
        '<p>Hi <span class="h-card" translate="no"><a href="https://b.example/@bob" class="u-url mention">'
        "@<span>bob</span></a></span> &amp; @nobody<br />"
        'see <a href="https://a.example/tags/übung" class="mention hashtag" rel="tag">#<span>Übung</span></a></p>'
        '<p><a href="https://www.a.example/a/very/long/path/to/the/minutes.html?x=1&amp;y=2" target="_blank"'
        ' rel="nofollow noopener" translate="no"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">a.example/a/very/long/path/to/</span>'
        '<span class="invisible">the/minutes.html?x=1&amp;y=2</span></a></p>'
    )


def test_a_short_link_is_shown_in_full() -> None:
    """Nothing but the scheme is hidden where the rest fits."""
    assert '<span>a.example/b</span><span class="invisible"></span>' in text.to_html("https://a.example/b", {}, tag_url)


def test_s13_the_host_of_a_link_is_always_shown_in_full() -> None:
    """S13: a host longer than what is shown of a link cannot hide its end behind a familiar beginning."""
    host = "accounts.bank.example.com.login-" + "a" * 20 + ".evil.example"

    made = text.to_html(f"https://{host}/path https://www.com/ https://www./", {}, tag_url)

    assert f'<span class="ellipsis">{host}</span>' in made
    assert '<span class="invisible">https://</span><span>www.com/</span>' in made


def test_two_people_of_one_name_are_shown_with_their_domains() -> None:
    """A reader can tell @bob from @bob."""
    both = {"bob@b.example": BOB, "bob@c.example": OTHER_BOB}

    alone = text.to_html("@bob@b.example @bob@b.example", both, tag_url)
    together = text.to_html("@bob@b.example @bob@c.example", both, tag_url)

    assert alone.count("@<span>bob</span>") == 2
    assert "@<span>bob@b.example</span>" in together
    assert "@<span>bob@c.example</span>" in together


def test_loopback_mentions_are_rendered_under_the_same_rules_as_they_are_found() -> None:
    """The demo's people, whose domains have ports, are links too."""
    target = text.MentionTarget(url="http://localhost:8001/@bob", username="bob", acct="bob@localhost:8001")

    made = text.to_html(
        "@bob@localhost:8001", {"bob@localhost:8001": target}, tag_url, text.TextRules(allow_ports=True)
    )

    assert text.to_plain(made) == "@bob"


WRITTEN: dict[str, set[str]] = {
    "p": set(),
    "br": set(),
    "span": {"class", "translate"},
    "a": {"href", "class", "rel", "target", "translate"},
}


@given(st.text() | st.text(alphabet=st.sampled_from("<>&\"'@#:/.ab \nhttps")))
@example("@bob@b.example<script>alert(1)</script>")
@example("https://a.example/'onmouseover='alert(1)")
@example('#tag"onclick="x <img src=x onerror=alert(1)> &lt;b&gt;')
def test_no_text_escapes_into_markup(plain: str) -> None:
    """Whatever a member writes, a browser finds our own tags only, and a reader what was written."""
    plain = text.normalise(plain)

    made = text.to_html(plain, {"a": BOB, "bob@b.example": BOB}, tag_url)

    kept = nh3.clean(made, tags=set(WRITTEN), attributes=WRITTEN, link_rel=None, url_schemes={"https", "http"})
    assert html.unescape(kept) == html.unescape(made.replace("<br />", "<br>"))
    visible = html.unescape(re.sub(r"<[^>]*>", "", made))
    assert re.sub(r"\s", "", visible) == re.sub(r"\s", "", _with_targets(plain))


def _with_targets(plain: str) -> str:
    for mention in reversed(text.find(plain).mentions):
        if mention.handle in {"a", "bob@b.example"}:
            plain = plain[: mention.start] + "@bob" + plain[mention.end :]
    return plain


@given(st.text())
@example("a\n\nb\nc  d @x https://a.example/b#c #tag")
def test_text_survives_the_way_to_html_and_back(plain: str) -> None:
    """Search and notifications see what was written."""
    normal = text.normalise(plain)
    lines = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip(" ") for line in normal.split("\n")))

    assert text.to_plain(text.to_html(normal, {}, tag_url)) == text.normalise(lines)


def test_a_profile_field_links_its_address_and_nothing_else() -> None:
    """Fields are one line of safe text; the link says that it is mine, for verification."""
    made = text.field_to_html("<b>me</b> https://a.example/x\n@bob #tag")

    assert made == (
        '&lt;b&gt;me&lt;/b&gt; <a href="https://a.example/x" target="_blank" rel="me nofollow noopener" translate="no">'
        '<span class="invisible">https://</span><span>a.example/x</span><span class="invisible"></span></a> @bob #tag'
    )


@pytest.mark.parametrize(
    ("plain", "count"),
    [
        ("", 0),
        ("hello", 5),
        ("a\r\nb", 3),
        ("https://a.example/" + "x" * 500, 23),
        ("http://a.b", 23),
        ("@bob@very.long.domain.example hi", 7),
        ("@bob hi", 7),
        ("#tag", 4),
        ("e\u0301", 1),
        ("नमस्ते", 4),
        ("한국어 \u1112\u1161\u11ab", 5),
        ("👩‍👩‍👧‍👦", 1),
        ("👍🏽", 1),
        ("❤️‍🔥🙂‍↔️", 2),
        ("🇩🇪🇫🇷🇮", 3),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 1),
        ("a\u200db", 2),
        ("3 < 5 ©", 7),
        ("e" + "\u0301" * 31, 2),
        ("e" + "\u0301" * 1599, 100),
    ],
)
def test_characters_are_counted_as_people_see_them(plain: str, count: int) -> None:
    """Links count 23, remote mentions their local part, everything else by what is seen (S26 for endless marks)."""
    assert text.count_characters(plain) == count


def test_the_length_of_a_link_is_a_rule_of_the_node() -> None:
    """What a link counts is set with the other rules."""
    assert text.count_characters("https://a.example/long/path", text.TextRules(url_characters=7)) == 7


@given(st.text())
def test_a_text_never_counts_more_than_its_code_points_nor_less_than_a_sixteenth(plain: str) -> None:
    """The count is a bound on the storage as well."""
    assert len(plain) / 16 <= count_graphemes(plain) <= len(plain)


def test_s26_what_cannot_be_short_enough_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """S26: limits are held against what people see; a megabyte is refused for being one, as counting takes 0.2 s."""
    marked = "e\u0331"
    assert [text.has_more_graphemes(marked * number, 50) for number in (50, 51)] == [False, True]
    assert [text.is_longer(f"https://x.example/{'a' * 2000} " * number, 50) for number in (2, 3)] == [False, True]

    def count(*_: object) -> int:
        raise AssertionError

    monkeypatch.setattr(graphemes, "count_graphemes", count)
    monkeypatch.setattr("fedorg.text.plain.count_graphemes", count)

    assert text.has_more_graphemes(marked * 500_000, 50)
    assert text.is_longer(marked * 500_000, 500)
    assert text.canonical_host("ä." * 500) is None


def test_normalised_text_has_no_hidden_controls() -> None:
    """Line ends are one newline, composed characters are composed, controls and overrides are gone."""
    assert text.normalise(" a\r\nb\rc\u2028d\x00\x1b[31m\t\ud800\u202ee\u0301\ufeff \n") == "a\nb\nc\nd[31m é"
    assert text.normalise("\u2067שלום\u2069 \u200f👩‍👧") == "\u2067שלום\u2069 \u200f👩‍👧"


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc"),
        ("<p>a<p>b", "a\n\nb"),
        ("<ul><li>one</li><li>two</li></ul><p>x</p>", "one\n\ntwo\n\nx"),
        ("a &lt;b&gt; &amp;amp; &eacute;&#233;&#xe9;", "a <b> &amp; ééé"),
        ("<script>alert(1)</script><style>x</style>y", "y"),
        ("<!-- a --> b <!doctype html>", "b"),
        ("a\n  b<pre>c\n  d</pre>", "a b\n\nc\nd"),
        ('<a href="https://x"><span class="invisible">https://</span>x.example</a>', "https://x.example"),
        ("1 < 2 <3 a<b", "1 < 2 <3 a"),
        ("&#99999999999; &#xffffffffff; &#0; &#xd800;", "\ufffd \ufffd \ufffd \ufffd"),
    ],
)
def test_the_text_of_html_is_recovered(source: str, plain: str) -> None:
    """Blocks become paragraphs, references characters, everything else of the markup goes."""
    assert text.to_plain(source) == plain


HOSTILE = [
    "@", "#", "@a@", "@a@b.", "@a.", "#a·", "#1", "http://", "https://a/[", "https://a.b/(", "https://a@", "https://a.",
    "https://a.b ", "e\u0301", "👨\u200d", "\n", " \n", "<", "&", "&#9", "\u202e", "한", "🇩", "www.", "<p><b>", "&amp",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize(
    "function",
    [
        text.normalise,
        text.count_characters,
        text.to_plain,
        text.sanitize,
        lambda plain: text.to_html(plain, {}, tag_url),
    ],
    ids=["normalise", "count", "plain", "sanitize", "html"],
)
@pytest.mark.timeout(20)
def test_s25_hostile_text_takes_linear_time(unit: str, function: Callable[[str], object]) -> None:
    """S25: fifty thousand characters of the worst kind end in time; quadratic work would take minutes."""
    function((unit * 50_000)[:50_000])
