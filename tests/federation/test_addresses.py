"""Which hosts and addresses may be contacted (S7, S20 to S22), and what the name of a server is."""

import ipaddress

import httpx
import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import (
    AddressPolicy,
    canonical_host,
    check_url,
    domain_of,
    is_loopback_host,
    is_public,
    literal,
    unwrap,
)
from federation.errors import AddressRefused

STRICT = AddressPolicy()
LOOPBACK = AddressPolicy(allow_http_loopback=True)
INTRANET = AddressPolicy(allowed_networks=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")))

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_s21_addresses_that_are_not_public(text: str) -> None:
    """No address of the list of S21 may be contacted, whether the library calls it global or not."""
    assert not STRICT.permits(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    """Ordinary addresses may be contacted."""
    assert STRICT.permits(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_mapped_addresses_are_judged_as_what_they_map_to(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address gets the same answer in its IPv6 clothes."""
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")

    assert unwrap(mapped) == address
    assert is_public(mapped) == is_public(address)


def test_allowed_networks_are_reachable() -> None:
    """An intranet works when its ranges are named, and nothing beside them."""
    assert INTRANET.permits(ipaddress.ip_address("10.1.2.3"))
    assert INTRANET.permits(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert INTRANET.permits(ipaddress.ip_address("fd00::1"))
    assert not INTRANET.permits(ipaddress.ip_address("10.2.0.1"))
    assert not INTRANET.permits(ipaddress.ip_address("127.0.0.1"))
    assert check_url("https://10.1.2.3/inbox", INTRANET).host == "10.1.2.3"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Example.COM", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("example。com", "example.com"),  # an ideographic full stop
        ("ｅｘａｍｐｌｅ.com", "example.com"),  # noqa: RUF001 - full width letters
        ("faß.example", "xn--fa-hia.example"),
        ("localhost", "localhost"),
        ("[2606:4700:0::1111]", "[2606:4700::1111]"),
        ("[::ffff:8.8.8.8]", "8.8.8.8"),
        ("8.8.8.8", "8.8.8.8"),
    ],
)
def test_s7_one_form_of_a_host(written: str, canonical: str) -> None:
    """Every spelling of a host becomes one lower-case ASCII form, which stays as it is."""
    assert canonical_host(written) == canonical
    assert canonical_host(canonical) == canonical


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com.",
        ".example.com",
        "a..b",
        "exa\u200bmple.com",  # zero width space
        "exa\u00admple.com",  # soft hyphen
        "exa\u200dmple.com",  # zero width joiner
        "\u202eexample.com",  # right-to-left override
        "exa\u034fmple.com",  # combining grapheme joiner
        "exa\ufe0fmple.com",  # variation selector
        "exa mple.com",
        "exa\tmple.com",
        "exa\x7fmple.com",
        "exa\u3000mple.com",
        "foo_bar.example",
        "-a.example",
        "xn--a.example",
        "exa%6dple.com",
        "a@b",
        "a/b",
        "\ue000.example",
        "a" * 64 + ".example",
        ("a" * 49 + ".") * 5 + "example",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "example.0x",
        "256.1.1.1",
        "[::1",
        "[::1%eth0]",
        "[1.2.3.4]",
        "[xyz]",
        "א1.example.1א",  # mixed directions
        "\ud800.example",
        "\u2488.example",  # a digit with a full stop in one character
    ],
)
def test_s7_hosts_that_are_refused(host: str) -> None:
    """A host that has no single clear form is refused, not repaired."""
    with pytest.raises(AddressRefused):
        canonical_host(host)


@given(st.text(max_size=30))
def test_canonical_hosts_stay_canonical(text: str) -> None:
    """Whatever is accepted is printable lower-case ASCII and canonical already."""
    try:
        host = canonical_host(text)
    except AddressRefused:
        return
    assert host.isascii()
    assert host == host.lower()
    assert canonical_host(host) == host


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.com:443/Inbox", "https://example.com/Inbox"),
        ("https://example.com/@a%40b/%7Eme", "https://example.com/@a%40b/%7Eme"),
        ("https://example.com/p?", "https://example.com/p"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://example.com/a#main-key", "https://example.com/a"),
        ("https://example.com/ü?q=ü", "https://example.com/%C3%BC?q=%C3%BC"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ('https://example.com/"<>{}', "https://example.com/%22%3C%3E%7B%7D"),
        ("https://[2606:4700:0::1111]/x", "https://[2606:4700::1111]/x"),
    ],
)
def test_urls_are_read_once(written: str, checked: str) -> None:
    """The checked form is what is signed and sent; existing percent-encoding stays as it is."""
    assert check_url(written, STRICT).url == checked
    assert check_url(checked, STRICT).url == checked


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FF), max_size=40))
def test_checked_urls_stay_as_they_are(rest: str) -> None:
    """Checking a checked URL changes nothing, whatever its path."""
    try:
        checked = check_url(f"https://example.com/{rest}", STRICT)
    except AddressRefused:
        return
    assert checked.url.isascii()
    assert checked.authority == "example.com"
    assert check_url(checked.url, STRICT) == checked


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http://example.com/",
        "http://localhost/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:application/activity+json,{}",
        "javascript:alert(1)",
        "https:///path",
        "https://",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:/",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/a\nb",
        "https://example.com\\@evil.example/",
        "https://example.com/%zz",
        "https://example.com/%",
        "https://[fe80::1%25eth0]/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://１２７.0.0.1/",  # noqa: RUF001 - full width digits
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_s22_urls_that_are_refused(url: str) -> None:
    """Other schemes, credentials, ports, private literals in every notation, and unclear spelling."""
    with pytest.raises(AddressRefused):
        check_url(url, STRICT)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_s21_literals_never_reach_the_resolver(text: str) -> None:
    """The addresses of S21 are refused in a URL too."""
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(AddressRefused):
        check_url(f"https://{host}/", STRICT)


def test_credentials_are_not_repeated() -> None:
    """The error about credentials in a URL does not show them."""
    with pytest.raises(AddressRefused) as refused:
        check_url("https://alice:secret@example.com/", STRICT)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://localhost:8001/users/1", "localhost:8001"),
        ("http://localhost/", "localhost"),
        ("http://engineering.localhost:8001/", "engineering.localhost:8001"),
        ("https://localhost:8443/", "localhost:8443"),
        ("http://127.0.0.1:5000/", "127.0.0.1:5000"),
        ("http://[::1]:5000/", "[::1]:5000"),
    ],
)
def test_ports_are_part_of_a_domain_under_the_loopback_setting(url: str, domain: str) -> None:
    """On one machine nodes differ by port, and only there and with the setting."""
    assert domain_of(url, LOOPBACK) == domain
    if url.count(":") > 1:
        with pytest.raises(AddressRefused):
            domain_of(url, STRICT)


def test_http_is_for_loopback_only() -> None:
    """The loopback setting does not open plain http to others."""
    for url in ("http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "http://8.8.8.8/"):
        with pytest.raises(AddressRefused):
            check_url(url, LOOPBACK)
    with pytest.raises(AddressRefused):
        check_url("http://10.1.2.3/", AddressPolicy(allowed_networks=INTRANET.allowed_networks))


def test_domains_are_compared_in_their_canonical_form() -> None:
    """Spellings of one host give one domain."""
    assert domain_of("https://BÜCHER.example/a", STRICT) == domain_of("https://xn--bcher-kva.example/b", STRICT)


def test_loopback_hosts_and_literals() -> None:
    """Names below localhost and loopback literals mean this machine, other names do not."""
    assert all(is_loopback_host(host) for host in ("localhost", "a.localhost", "127.9.9.9", "[::1]"))
    assert not any(is_loopback_host(host) for host in ("localhost.example", "notlocalhost", "8.8.8.8"))
    assert literal("example.com") is None
    assert literal("[::1]") == ipaddress.IPv6Address("::1")


@given(st.from_regex(r"(?:/[A-Za-z0-9_~@%.-]{0,5}){1,4}(?:\?[A-Za-z0-9_~@%.=&-]{0,9})?", fullmatch=True))
def test_a_path_is_what_the_http_library_makes_of_it(rest: str) -> None:
    """What is taken as it is written is what would have come of reading it, dots and escapes and all."""
    try:
        checked = check_url(f"https://a.example{rest}", STRICT)
    except AddressRefused:
        return

    assert checked.path == httpx.URL(f"https://a.example{rest}").raw_path.decode().removesuffix("?")


@given(st.from_regex(r"(?:[A-Za-z0-9-]{1,6}\.){0,3}(?:xn--)?[A-Za-z0-9-]{1,6}", fullmatch=True))
def test_a_plain_name_is_what_idna_makes_of_it(host: str) -> None:
    """A name of letters, digits and hyphens passes exactly when IDNA lets it pass."""
    try:
        found = canonical_host(host)
    except AddressRefused:
        found = ""
    if found and literal(found) is None:
        assert found == idna.encode(host.lower()).decode()
