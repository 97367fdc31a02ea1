"""Strangers' text is made fit to store, to print and to log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.text import clean, clip_bytes, mask_address, mask_addresses, spell_out

# Half a surrogate pair is no character of UTF-8, but JSON can carry it.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("550 5.1.1 user unknown", "550 5.1.1 user unknown"),
        ("Grüße aus Köln 👋", "Grüße aus Köln 👋"),
        ("550-5.1.1 try\r\n550 5.1.1 again", "550-5.1.1 try 550 5.1.1 again"),
        ("  a \t b\u00a0c  ", "a b c"),
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("\x1b]0;title\x07text", "text"),
        ("\x9b2Jgone", "gone"),
        ("a\x00b\x07c", "a b c"),
        ("invoice\u202egpj.exe", "invoice gpj.exe"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("half \ud83d pair", "half pair"),
        ("", ""),
    ],
)
def test_control_characters_of_every_kind_become_one_space(raw: str, cleaned: str) -> None:
    """Nothing that moves a cursor, hides or reorders text survives; what can be read does."""
    assert clean(raw, 100) == cleaned


@pytest.mark.parametrize(
    ("limit", "cleaned"),
    [(6, "abc de"), (5, "abc…"), (4, "abc…"), (1, "…"), (0, "")],
)
def test_longer_text_ends_in_an_ellipsis_within_the_limit(limit: int, cleaned: str) -> None:
    """The limit is in characters and includes the mark of the cut."""
    assert clean("abc de", limit) == cleaned


@given(ANY_TEXT, st.integers(0, 50))
def test_clean_text_is_printable_short_and_stays_as_it_is(text: str, limit: int) -> None:
    """Whatever comes in, one printable line of at most the limit comes out, and cleaning it again changes nothing."""
    cleaned = clean(text, limit)
    assert cleaned.isprintable()
    assert len(cleaned) <= limit
    assert clean(cleaned, limit) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("plain", 5, "plain"),
        ("plainer", 6, "pla…"),
        ("ééé", 6, "ééé"),
        ("éééé", 7, "éé…"),
        ("😀😀", 8, "😀😀"),
        ("😀😀", 7, "😀…"),
        ("😀", 2, ""),
        ("half \ud83d", 30, "half \ud83d"),
        ("half \ud83d", 6, "half ?"),
    ],
)
def test_text_is_cut_between_characters_not_bytes(text: str, limit: int, clipped: str) -> None:
    """A character of several bytes is kept whole or dropped."""
    assert clip_bytes(text, limit) == clipped


@given(st.text(), st.integers(0, 40))
def test_clipped_text_fits_into_the_bytes(text: str, limit: int) -> None:
    """What fits is untouched; what does not is cut, and then fits."""
    clipped = clip_bytes(text, limit)
    assert len(clipped.encode()) <= limit
    assert (clipped == text) == (len(text.encode()) <= limit)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("Winter boots", "Winter boots"),
        ("Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Re: Gr\u00fc\u00dfe"),
        ("=?utf-8?b?R3LDvMOf?= =?iso-8859-1?q?e_aus_K=F6ln?=", "Gr\u00fc\u00dfe aus K\u00f6ln"),
        # What cannot be read stays: no such charset, none at all, no letter, half a word.
        ("=?x-none?q?a?=", "=?x-none?q?a?="),
        ("=?\u00e9?q?a?=", "=?\u00e9?q?a?="),
        ("=?utf-8?q?=FF?=", "=?utf-8?q?=FF?="),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("why =? because", "why =? because"),
        # Where letters stand as they are, nothing is encoded for them.
        ("10 \u20ac =?utf-8?q?caf=C3=A9?=", "10 \u20ac =?utf-8?q?caf=C3=A9?="),
    ],
)
def test_encoded_words_are_spelt_out_as_far_as_they_can_be_read(text: str, spelt: str) -> None:
    """Subjects in other letters than those of ASCII are sent so (RFC 2047)."""
    assert spell_out(text) == spelt


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("jane@example.com", "j***@e***.com"),
        ("jane.doe+shop@mail.example.co.uk", "j***@m***.uk"),
        ("Ärger@bücher.example", "Ä***@b***.example"),
        ('"jane doe"@example.com', "j***@e***.com"),
        ("jane@localhost", "j***@l***"),
        ("@example.com", "***@e***.com"),
        ("jane", "***"),
        ("", "***"),
    ],
)
def test_a_masked_address_names_nobody(address: str, masked: str) -> None:
    """The first letters and the top-level domain remain, to recognise it by if one knows it."""
    assert mask_address(address) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("smtp; 550 5.1.1 <jane@example.com>: user unknown", "smtp; 550 5.1.1 <j***@e***.com>: user unknown"),
        ("rcpt to:jane@example.com, joe@example.org.", "rcpt to:j***@e***.com, j***@e***.org."),
        ("see https://example.com/?u=jane%40example.org now", "see https:/***@e***.org now"),
        ('said "jane doe"@example.com once', "said j***@e***.com once"),
        ("no address: 50% of 4096 bytes", "no address: 50% of 4096 bytes"),
    ],
)
def test_addresses_within_text_are_masked_and_nothing_else(text: str, masked: str) -> None:
    """Server answers and links carry addresses; no log may."""
    assert mask_addresses(text) == masked


@given(st.from_regex(r"[a-z0-9.+_=-]{4,20}", fullmatch=True), st.sampled_from(["<{}>", "to {};", "({})", "{}, no", "x:{}"]))
def test_no_local_part_survives_masking(local: str, around: str) -> None:
    """Whatever stands around an address, its local part is gone afterwards."""
    assert local not in mask_addresses(around.format(f"{local}@example.com"))


@pytest.mark.parametrize(
    "text", ["a" * 200_000 + "@", "@" + "a" * 200_000, '"' * 200_000 + "@", "\x1b[" * 100_000, "=?a?q?" * 30_000]
)
@pytest.mark.timeout(5)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    """All walk a text once: 200,000 characters of the worst kind are done within the test's time."""
    mask_addresses(text)
    clean(text, 100)
    spell_out(text)
