"""One mailbox has one key, however SES, a server or a sender writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.addresses import decode_key, domain_of, encode_key, is_simulator, normalize

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "key", "original"),
    [
        ("jane@example.com", "jane@example.com", "jane@example.com"),
        ("Jane.Doe+Shop@Example.COM", "jane.doe+shop@example.com", "Jane.Doe+Shop@Example.COM"),
        ("<Jane@example.com>", "jane@example.com", "Jane@example.com"),
        ('"Doe, Jane" <jane@example.com>', "jane@example.com", "jane@example.com"),
        ('"Odd <name>" <jane@example.com>', "jane@example.com", "jane@example.com"),
        ("=?utf-8?b?SmFuZQ==?= <jane@example.com>", "jane@example.com", "jane@example.com"),
        ("jane@example.com (Jane Doe)", "jane@example.com", "jane@example.com"),
        ("'jane@example.com'", "jane@example.com", "jane@example.com"),
        ('"jane@example.com"', "jane@example.com", "jane@example.com"),
        ('"jane"@example.com', "jane@example.com", '"jane"@example.com'),
        ('"jane doe"@example.com', '"jane doe"@example.com', '"jane doe"@example.com'),
        (" jane@example.com\r\n", "jane@example.com", "jane@example.com"),
        ("\u00a0jane@example.com\u00a0", "jane@example.com", "jane@example.com"),
        ("jane@exam\u200bple.com", "jane@example.com", "jane@example.com"),
        ("jane@example.com.", "jane@example.com", "jane@example.com."),
        ("rfc822; jane@example.com", "jane@example.com", "jane@example.com"),
        ("rfc822;jane@example.com", "jane@example.com", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com", "jane@example.com"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example", "jane@bücher.example"),
        ("jane@BÜCHER.example", "jane@xn--bcher-kva.example", "jane@BÜCHER.example"),
        ("jane@XN--BCHER-KVA.example", "jane@xn--bcher-kva.example", "jane@XN--BCHER-KVA.example"),
        ("jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah", "jane@例え。テスト"),
        ("jane@[192.0.2.1]", "jane@[192.0.2.1]", "jane@[192.0.2.1]"),
        ("do..ts.@docomo.example", "do..ts.@docomo.example", "do..ts.@docomo.example"),
    ],
)
def test_an_address_has_one_key_however_it_is_written(raw: str, key: str, original: str) -> None:
    """Case, brackets, names, spaces and the domain's script do not matter; the tag does, and the original is kept."""
    assert normalize(raw) == (key, original, True)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("not an address", "not an address"),
        ("@example.com", "@example.com"),
        ("jane@", "jane@"),
        ("jane@exam ple.com", "jane@exam ple.com"),
        ("jane@example.com, joe@example.com", "jane@example.com, joe@example.com"),
        ("jäne@example.com", "jäne@example.com"),
        (f"jane@{'ü' * 64}.example", f"jane@{'ü' * 64}.example"),
        ("", "*"),
        (" <> ", "*"),
        ("\u200b\ud83d", "*"),
    ],
)
def test_what_is_no_address_has_a_key_and_is_not_valid(raw: str, key: str) -> None:
    """A row can be written for it all the same; an empty field is nobody's."""
    address = normalize(raw)
    assert (address.key, address.valid) == (key, False)


def test_two_endless_addresses_keep_two_short_keys() -> None:
    """Keys are bounded, and what differs only beyond the bound still differs."""
    first, second = normalize("a" * 1000 + "1@example.com"), normalize("a" * 1000 + "2@example.com")
    assert len(first.key) == len(second.key) == 320
    assert first.key != second.key
    assert not first.valid


@given(st.one_of(ANY_TEXT, st.from_regex(r"[^@]{0,12}@[^@]{0,12}"), st.emails()))
def test_any_text_has_a_key_that_a_table_takes(raw: str) -> None:
    """Never empty, of at most 320 characters, UTF-8, lower-cased if it is valid; and the key's key is itself."""
    address = normalize(raw)
    assert 0 < len(address.key) <= 320
    address.key.encode()
    address.original.encode()
    if address.valid:
        assert address.key.isascii()
        assert normalize(address.key) == (address.key, address.key, True)


@given(st.emails())
def test_case_brackets_and_a_name_never_make_another_mailbox(address: str) -> None:
    """The upper-cased, the bracketed and the named form of an address have its key."""
    key = normalize(address).key
    assert normalize(address.upper()).key == key
    assert normalize(f'"Somebody, A." <{address}>').key == key


@pytest.mark.parametrize(
    ("key", "domain"),
    [("jane@example.com", "example.com"), ('"a@b"@example.com', "example.com"), ("nobody", ""), ("*", "")],
)
def test_the_domain_is_what_follows_the_last_at_sign(key: str, domain: str) -> None:
    """Where there is no address there is no domain."""
    assert domain_of(key) == domain


@pytest.mark.parametrize(
    ("key", "simulated"),
    [
        ("bounce@simulator.amazonses.com", True),
        ("complaint+any.label-1@simulator.amazonses.com", True),
        ("bounce@simulator.amazonses.com.example", False),
        ("bounce@my-simulator.amazonses.com", False),
        ("simulator.amazonses.com", False),
    ],
)
def test_the_simulator_is_known_with_and_without_a_label(key: str, simulated: bool) -> None:
    """https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html: labels follow a plus sign."""
    assert is_simulator(key) is simulated


@given(st.text())
def test_an_encoded_key_has_no_separator_and_decodes_to_itself(key: str) -> None:
    """`#` separates the parts of a sort key and is legal in a local part (RFC 5322 section 3.2.3)."""
    encoded = encode_key(key)
    assert "#" not in encoded
    assert decode_key(encoded) == key


def test_keys_that_look_encoded_do_not_collide() -> None:
    """`a#b` and `a%23b` are two mailboxes."""
    assert encode_key("a#b@example.com") == "a%23b@example.com"
    assert encode_key("a%23b@example.com") == "a%2523b@example.com"
