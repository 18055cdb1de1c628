"""HTML from other servers: what of it is shown, and what never is."""

import re

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedorg import text
from fedorg.text.sanitising import ATTRIBUTES, DEPTH_MAX, LINK_SCHEMES, OUTPUT_CHARACTERS_MAX, TAGS

REL = ' target="_blank" rel="nofollow noopener"'

ALLOWED = {
    tag: ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()) | ({"rel", "target"} if tag == "a" else set()) for tag in TAGS
}


DRAWING = {"img": {"class", "src", "alt", "title", "width", "height"}}


def assert_safe(made: str, more: dict[str, set[str]] | None = None) -> None:
    """A browser's parser, told to drop all that is not allowed, finds nothing to drop."""
    allowed = ALLOWED | (more or {})
    again = nh3.clean(
        made, tags=set(allowed), attributes=allowed, link_rel=None, url_schemes=LINK_SCHEMES, url_relative="deny"
    )
    assert again == made
    assert len(made) <= OUTPUT_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("given_html", "shown"),
    [
        ("<p>a<br>b<br/>c</p>", "<p>a<br>b<br>c</p>"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<h1>A <em>b</em></h1>c", "<p><strong>A <em>b</em></strong></p>c"),
        ("<p>a<h6>b</h6>", "<p>a</p><p><strong>b</strong></p>"),
        ("<del>a</del><s>b</s><u>c</u><i>d</i><b>e</b><code>f</code>",) * 2,
        ("<pre><code>a\n  b</code></pre><blockquote><p>c</p></blockquote>",) * 2,
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",) * 2,
        ('<ol start="3" reversed=""><li value="-2">a</li></ol>',) * 2,
        ('<ol start="x" reversed="y"><li value="1e9">a</li></ol>', "<ol><li>a</li></ol>"),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
        ('<p lang="de-AT">a</p><p lang="&quot;>">b</p>', '<p lang="de-AT">a</p><p>b</p>'),
        ('<span translate="no">a</span><span translate="yes">b</span>', '<span translate="no">a</span><span>b</span>'),
        (
            '<span class="h-card x u-url p-name dt-start e-content evil invisible ellipsis quote-inline">a</span>',
            '<span class="h-card u-url p-name dt-start e-content invisible ellipsis quote-inline">a</span>',
        ),
        ('<p class="x">a</p><b class="mention">b</b>', "<p>a</p><b>b</b>"),
        ("<div>a</div><div>b</div>", " a  b "),
        ("<center><font size=7>a</font></center><img src=x>b", "ab"),
        ("a &lt;b&gt; &amp; \u00a0c", "a &lt;b&gt; &amp; &nbsp;c"),
        ("1 < 2 <3", "1 &lt; 2 &lt;3"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("</p></div>a", " a"),
        ("", ""),
    ],
)
def test_the_published_allow_list_is_kept(given_html: str, shown: str) -> None:
    """Allowed elements and attributes stay, headings become strong paragraphs, of everything else the text stays."""
    assert text.sanitize(given_html) == shown


def test_mentions_and_hashtags_of_mastodon_survive() -> None:
    """What clients make tappable keeps its classes and its address."""
    mention = (
        '<p><span class="h-card" translate="no"><a href="https://b.example/@bob" class="u-url mention">'
        "@<span>bob</span></a></span> "
        '<a href="https://b.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a></p>'
    )

    made = text.sanitize(mention)

    assert f'<a href="https://b.example/@bob" class="u-url mention"{REL}>@<span>bob</span></a>' in made
    assert f'<a href="https://b.example/tags/x" class="mention hashtag"{REL}>#<span>x</span></a>' in made


@pytest.mark.parametrize("scheme", sorted(LINK_SCHEMES))
def test_links_of_known_schemes_stay(scheme: str) -> None:
    """Every scheme of Mastodon's list may be linked to."""
    made = text.sanitize(f'<a href="{scheme.upper()}://a.example/x" rel="me opener" target="_top" onclick="x">y</a>')

    assert made == f'<a href="{scheme.upper()}://a.example/x"{REL}>y</a>'


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "&#0000106avascript:alert(1)",
        "\x01javascript:alert(1)",
        " javascript:alert(1)",
        "javascript&colon;alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "mailto:a@b.example",
        "file:///etc/passwd",
        "blob:https://a.example/x",
        "//evil.example/",
        "/relative",
        "relative",
        "",
        "https:evil.example",
        "https:///evil.example",
        "https://",
        "https://bank.example@evil.example/",
        "https://bank.example\\@evil.example/",
        "https:\\\\evil.example",
        "https://bank.example\u2215.evil.example/",
        "https://a.example:x/",
        "https://[::1",
        "https://\u2067elpmaxe.knab/",
        "https://a.example/" + "x" * 5000,
    ],
)
def test_an_address_that_is_unknown_or_ambiguous_is_no_link(href: str) -> None:
    """The text stays, the link goes."""
    assert text.sanitize(f'<a href="{href}">read me</a>') == "read me"


@pytest.mark.parametrize(
    "shown",
    [
        "https://bank.example/login",
        "HTTPS://bank.example",
        "http://bank.example:443/",
        "www.bank.example",
        "see https://bank.example now",
        "https://evil.example@bank.example/",
        "https://bank.example@evil.example.com/",
        "<b>https</b>://bank.<i>exa</i>mple",
        "https:/&#47;bank.example",
        "ht\u200btps://ba\u00adnk.example",
        "\u202ehttps://bank.example",
        "\uff48ttps://bank\uff0eexample/",
        '<span class="invisible">https://evil.example/?</span>https://bank.example',
        "https://bank.example.com.very.long.evil.exampl",
        "gemini://bank.example/",
    ],
)
def test_s13_a_link_that_shows_another_address_shows_its_own_instead(shown: str) -> None:
    """S13: the text of a link cannot pretend to lead somewhere else."""
    made = text.sanitize(f'<a href="https://evil.example/x">{shown}</a>')

    assert made == (
        f'<a href="https://evil.example/x"{REL}><span class="invisible">https://</span>'
        '<span>evil.example/x</span><span class="invisible"></span></a>'
    )


@pytest.mark.parametrize(
    "shown",
    [
        "bank.example",
        "Log in at bank.example!",
        "🔒bank.example/login",
        "(bank.example)",
        "bänk.example",
        "bank.example:443",
        '<span class="invisible">https://evil.example/?</span>bank.example',
        "node.js",
        "evil.example.com",
        "evil.example or bank.example",
    ],
)
def test_s13_a_link_that_names_another_host_names_its_own_beside_it(shown: str) -> None:
    """S13: a bare name may be meant well, so it stays, and the true host stands beside it."""
    made = text.sanitize(f'<a href="https://evil.example/x">{shown}</a>')

    assert made == f'<a href="https://evil.example/x"{REL}>{shown} (evil.example)</a>'


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("https://a.example/x", "read me"),
        ("https://a.example/x", "https://a.example/x"),
        ("https://www.a.example/x", "a.example/x"),
        ("https://a.example/x", "www.A.example"),
        ("https://a.example/report.pdf", "a.example/report.pdf"),
        ("https://a.example/x", "@bob@b.example"),
        ("https://a.example/x", "bob@b.example"),
        ("https://a.example/x", "version 1.2.3, e.g. this"),
        ("https://xn--bcher-kva.example/", "bücher.example"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example/x", "#tag"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
    ],
)
def test_s13_an_honest_link_stays_as_it_is(href: str, shown: str) -> None:
    """Texts, true addresses, handles and versions are not touched."""
    assert text.sanitize(f'<a href="{href}">{shown}</a>') == f'<a href="{href}"{REL}>{shown}</a>'


def test_a_link_inside_a_link_is_text() -> None:
    """There is one address for each text."""
    made = text.sanitize('<a href="https://a.example/">x<a href="https://b.example/">y</a>z</a>')

    assert made == f'<a href="https://a.example/"{REL}>xy</a>z'


VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/x>alert(1)</script >",
    "<script\x20type='text/javascript'>alert(1);</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<title><img title='</title><img src=x onerror=alert(1)>'></title>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe><img title='</iframe><img src=x onerror=alert(1)>'></iframe>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><script>alert(1)</script>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)><select onfocus=alert(1)><keygen>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<link rel=stylesheet href=//evil.example/x.css><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=javascript:alert(1)//>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<p onclick=alert(1) onmouseover=alert(1) id=x name=y formaction=z>x</p>",
    "<span class='h-card\" onclick=\"alert(1)'>x</span>",
    "<span class=h-card\x00onclick=alert(1)>x</span>",
    '<a href="https://a.example/&quot;onmouseover=&quot;alert(1)">x</a>',
    "<a href='https://a.example/' href='javascript:alert(1)'>x</a>",
    "<a href='javascript:alert(1)' href='https://a.example/'>x</a>",
    "<a href=javascript:alert(1)//https://a.example>x</a>",
    "<a href=https://a.example/ lang='\"><script>alert(1)</script>'>x</a>",
    "<a ping=https://evil.example download href=https://a.example/>x</a>",
    "<p lang='x\"onclick=alert(1)'>x</p>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!---><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;",
    "</ script><script>alert(1)</script>",
    "<<script>alert(1);//<</script>",
    "<script>alert(1)",
    "<img src=x onerror=alert(1)//",
    "<p title='",
    '<p title="<img src=x onerror=alert(1)>',
    "<a href='https://a.example/",
    "<p/onclick=alert(1)/>x",
    "<p\x0conclick=alert(1)>x",
    "<p =onclick=alert(1)>x",
    '<p "onclick=alert(1)>x',
    "<p <img src=x onerror=alert(1)>>x",
    "<table><tr><td><p><a href=https://a.example/>x</table>y",
    "<b><p><i><a href=https://a.example/></b></p></i></a>x",
    "<p><ruby><rt><p><rp><ul><li></ruby><ol><pre>x",
    "<code><a href=https://a.example/><code><p></a></code>x",
    "<s><s><s><s><p><s><blockquote></s></p>x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&amp;lt;script&amp;gt;",
    "\x00<\x00script>alert(1)</\x00script>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<\u212aeygen><\u017fcript>alert(1)</\u017fcript>",
    "\ud800<p>\udfff</p>",
    "\ufeff<p>\uffff\ufffe</p>",
    "a\u202eb\u202dc",
    "<p>\r\n\t\x0b\x0c\x1b[31m</p>",
    "&#" + "9" * 6000 + ";&#x" + "f" * 6000 + ";&" + "a" * 6000 + ";",
    "&#0;&#128;&#xd800;&#x110000;&#x80000000;&NotEqualTilde;&bne;",
]  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS)
def test_s54_known_attacks_leave_nothing_active(vector: str) -> None:
    """S54: of every published trick only allowed markup remains, inside any surroundings."""
    for html in (
        vector,
        f"<p>{vector}</p>",
        f"<a href='https://a.example/'>{vector}</a>",
        f"<ul><li>{vector}",
        vector * 3,
    ):
        made = text.sanitize(html)

        assert_safe(made)
        tags = "".join(re.findall(r"<[^>]*>", made))
        assert not re.search(r"\son\w+=|script|style|alert|src=", tags.replace("javascript:alert(1)//https", ""))


def test_overrides_that_turn_text_around_are_removed() -> None:
    """A file name or a host cannot be made to read backwards."""
    assert text.sanitize("<p>\u202egnp.exe\u202c</p>") == "<p>gnp.exe\u202c</p>"
    assert text.sanitize('<a href="https://a.example/">\u2067x\u2069</a>') == f'<a href="https://a.example/"{REL}>x</a>'


PIECES = st.sampled_from(
    [
        *(f"<{tag}>" for tag in sorted(TAGS)),
        *(f"</{tag}>" for tag in sorted(TAGS)),
        *(
            "<div>",
            "</div>",
            "<h2>",
            "</h2>",
            "<table>",
            "<td>",
            "<svg>",
            "<math>",
            "<style>",
            "</style>",
            "<!--",
            "-->",
        ),
        *(
            '<a href="https://a.example/">',
            "<a href='javascript:x'>",
            '<span class="invisible">',
            "<script>",
            "</script>",
        ),
        *(
            "x",
            ":x:",
            " :x: ",
            "&lt;",
            "&",
            "<",
            ">",
            '"',
            "'",
            "=",
            " onclick=x ",
            "https://b.example/",
            "\x00",
            "\u202e",
            "\ud800",
        ),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join) | st.text())
@example("<p><a href='https://a.example/'><p><a href='https://b.example/'>")
def test_s27_any_string_is_sanitised_without_error_and_to_safe_html(html: str) -> None:
    """S27: no input raises, and no input leaves more than the allow-list."""
    made = text.sanitize(html)

    assert_safe(made)
    assert_safe(text.sanitize(made))
    assert_safe(text.draw_emojis(made, {"xy": "https://c.example/?x=1&y=2"}), DRAWING)
    text.to_plain(html)


@pytest.mark.parametrize(
    ("html", "drawn"),
    [
        (":xy: :xy::xy: a:xy:b :y: :xy:", "* :xy::xy: a:xy:b :y: *"),
        ("<p>:xy:</p><pre><code>:xy:</code> :xy:</pre>:xy:", "<p>*</p><pre><code>:xy:</code> :xy:</pre>*"),
        (
            '<a href="https://a.example/:xy:/">see :xy:</a> :xy:',
            '<a href="https://a.example/:xy:/"{REL}>see :xy:</a> *',
        ),
        ('<span class="h->:xy:">:xy:</span>', "<span>*</span>"),
        ("<p>&lt;:xy:&gt; :xy:", "<p>&lt;*&gt; *</p>"),
    ],
)
def test_emoji_are_drawn_in_text_alone(html: str, drawn: str) -> None:
    """Not in what somebody may follow or copy, and in nothing that belongs to a tag."""
    made = text.draw_emojis(text.sanitize(html), {"xy": "https://c.example/x.png"})

    picture = '<img class="emoji" src="https://c.example/x.png" alt=":xy:" title=":xy:" width="20" height="20">'
    assert made == drawn.replace("*", picture).replace("{REL}", REL)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "html",
    [
        "".join(f"<b lang=a{number}>" for number in range(6000)) + "<p>" * 10_000,
        "<ul><li>" * 12_000,
        "<blockquote>" * 8_000 + "x",
        "<p><b>" * 16_000,
        "<a href=https://a.example>" * 4_000,
        "<table><td>" * 9_000,
        "<a " * 33_000,
        "<a b='" * 16_000,
        "<p " + "a=b " * 24_000 + ">x",
        "<!--" * 25_000,
        "<script>" * 12_000,
        "</b" * 33_000,
        "<" * 100_000,
        "&" * 100_000,
        "&lt" * 33_000,
        "'" * 100_000,
        '<a href="https://a.example/">' + "a." * 49_000,
        '<a href="https://a.example/">' + "a-" * 49_000,
        '<a href="https://a.example/">' + "http:" * 19_000,
        '<a href="https://' + "a." * 49_000 + '">x',
        "<svg><math>" * 9_000,
        "x" * 5_000_000,
    ],
    ids=lambda html: html[:24],
)
def test_s25_hostile_html_takes_linear_time_and_bounded_space(html: str) -> None:
    """S25: repeated, unclosed and misnested markup neither takes long nor grows."""
    made = text.sanitize(html)

    assert_safe(made)
    assert len(text.to_plain(html)) <= 100_000


def test_nesting_is_bounded() -> None:
    """Deeper elements are dropped and their text kept."""
    made = text.sanitize("<blockquote>" * 100 + "x")

    assert made == "<blockquote>" * DEPTH_MAX + "x" + "</blockquote>" * DEPTH_MAX


def test_what_grows_beyond_the_limit_is_cut_as_text() -> None:
    """Text that becomes too long by escaping is cut between two characters, never inside one."""
    made = text.sanitize("&" * 100_000)

    assert re.fullmatch(r"<p>(?:&amp;){30000,}</p>", made)
    assert_safe(made)
