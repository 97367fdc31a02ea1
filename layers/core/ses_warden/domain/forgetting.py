"""What stays of an entry when its person is forgotten: the verdict under a keyed hash, and nothing that tells of the person."""

from collections.abc import Iterator
from dataclasses import replace

from ses_warden.domain.entries import Entry
from ses_warden.domain.exchange import signals_of
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.signals import Signal


def bare_signals(entry: Entry, key: bytes) -> Iterator[Signal]:
    """The entry's facts without address, spelling, answer or note, about its pseudonym.

    Mails keep a hash of their id, by which "not spam" finds its complaint and strikes of one mail are one. The same entry says the
    same each time.
    """
    name = pseudonym(key, entry.address)
    for signal in signals_of(entry):
        mail = pseudonym(key, signal.message_id) if signal.message_id else ""
        yield replace(signal, address=name, original="", message_id=mail, status="", diagnostic="", note="")
