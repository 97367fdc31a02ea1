"""Who must not be mailed: the rows of the table in docs/deliverability.md, and the rules beside it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.addresses import normalize
from ses_warden.domain.bounces import BounceKind, ComplaintKind
from ses_warden.domain.entries import Reason, State, blocks
from ses_warden.domain.signals import Confidence, Signal, bounce_signal, complaint_signal, subscription_signal
from ses_warden.domain.suppression import wants_last_delivery
from tests.support.signals import (
    DAY,
    JANE,
    NOW,
    bounced,
    complained,
    delivered,
    fold,
    held,
    listed,
    not_spam,
    of_sample,
    ordered,
    some,
    struck,
    subscribed,
)


@pytest.mark.parametrize(
    ("sample", "reason", "rest", "confidence"),
    [
        ("bounce-permanent-general", Reason.HARD_BOUNCE, None, Confidence.HIGH),
        ("bounce-permanent-noemail", Reason.HARD_BOUNCE, None, Confidence.HIGH),
        ("identity-bounce", Reason.HARD_BOUNCE, None, Confidence.HIGH),
        ("bounce-without-status", Reason.HARD_BOUNCE, None, Confidence.HIGH),
        ("bounce-permanent-suppressed", Reason.GLOBAL_LIST, 14 * DAY, Confidence.HIGH),
        ("unknown-subtype", Reason.UNKNOWN_BOUNCE, 14 * DAY, Confidence.LOW),
        ("complaint-abuse", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-fraud", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-virus", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-other", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-unknown-feedback-type", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-without-report", Reason.COMPLAINT, None, Confidence.HIGH),
        ("complaint-candidates", Reason.COMPLAINT, None, Confidence.LOW),
    ],
)
def test_what_suppresses_at_once(sample: str, reason: Reason, rest: timedelta | None, confidence: Confidence) -> None:
    """The rows "for good" and "14 days", counted from the event's time, to the second."""
    signal = some(of_sample(sample))
    entry = held([signal])
    assert (entry.state, entry.reason, entry.confidence) == (State.SUPPRESSED, reason, confidence)
    assert entry.since == signal.at
    assert entry.expires_at == (signal.at + rest if rest else None)
    assert (entry.address, entry.scope) == (signal.address, "account")
    assert blocks(entry, signal.at)
    assert blocks(entry, signal.at + 13 * DAY)
    assert blocks(entry, signal.at + 14 * DAY) is (rest is None)


@pytest.mark.parametrize(
    "sample",
    [
        "bounce-policy-refusal",
        "bounce-policy-outlook",
        "bounce-policy-blocklist",
        "bounce-permanent-email-validation-suppressed",
        "bounce-permanent-unsubscribed-recipient",
        "bounce-transient-general",
        "identity-bounce-out-of-office",
        "bounce-transient-messagetoolarge",
        "bounce-transient-contentrejected",
        "bounce-transient-attachmentrejected",
        "bounce-transient-customtimeoutexceeded",
        "complaint-auth-failure",
    ],
)
def test_what_says_nothing_about_the_address(sample: str) -> None:
    """The rows "no" and "never": no entry, not even one under watch."""
    assert of_sample(sample) is None


@pytest.mark.parametrize(
    "sample",
    [
        "bounce-transient-mailboxfull",
        "bounce-retries-exhausted",
        "bounce-transient-invalid-domain",
        "unknown-transient-subtype",
        "bounce-undetermined",
    ],
)
def test_what_is_a_strike(sample: str) -> None:
    """The row "strike", and Undetermined: watched, not suppressed."""
    signal = some(of_sample(sample))
    entry = held([signal])
    assert (entry.state, entry.reason, entry.expires_at, entry.since) == (State.WATCHING, None, None, signal.at)
    assert not blocks(entry, signal.at)


@pytest.mark.parametrize("sample", ["bounce-permanent-on-account-suppression-list", "complaint-on-account-suppression-list"])
def test_a_stranger_on_the_list_of_ses_is_entered_only_if_that_list_is_the_truth(sample: str) -> None:
    """The row of list hits, and correction "SES's own list"."""
    signal = some(of_sample(sample))
    entry = held([signal])
    assert (entry.state, entry.reason, entry.since, entry.expires_at) == (
        State.SUPPRESSED,
        Reason.SES_LIST,
        signal.at,
        None,
    )
    assert fold([signal], "warden") is None


@pytest.mark.parametrize("sample", ["bounce-permanent-on-tenant-suppression-list", "complaint-on-tenant-suppression-list"])
def test_a_hit_of_a_tenants_list_concerns_that_tenant_alone(sample: str) -> None:
    """SES tells which tenant by a tag; without it nobody knows whose list it was."""
    assert held([some(of_sample(sample, tenant="acme"))]).scope == "tenant/acme"
    assert of_sample(sample) is None


def test_nobody_is_never_suppressed() -> None:
    """Where SES names no recipient there is no entry, which else would hold for all such mail."""
    nobody = normalize("")
    assert bounce_signal(BounceKind.HARD, nobody, at=NOW, message_id="mail") is None
    assert complaint_signal(ComplaintKind.COMPLAINT, nobody, at=NOW, message_id="mail") is None
    assert subscription_signal(nobody, contact_list="news", unsubscribed_from_all=True, at=NOW, message_id="mail") is None


@pytest.mark.parametrize(
    "known",
    [
        bounced(BounceKind.HARD, -9),
        bounced(BounceKind.GLOBAL_LIST, -9),
        ordered(-9, block=False),
        ordered(-9, block=True),
    ],
)
@pytest.mark.parametrize("day", [-50, -9, 0])
def test_a_hit_of_the_list_of_ses_says_nothing_new_of_an_address_we_know(known: Signal, day: float) -> None:
    """Neither the reason nor the expiry nor the time moves, and an operator's release stands, whichever came first."""
    entry = fold([known])
    assert fold([listed(day)], entry=entry) is entry
    assert fold([listed(day), known]) == entry


def test_a_hit_of_the_list_of_ses_counts_for_an_address_that_is_only_watched() -> None:
    """Strikes are no suppression; SES's is."""
    entry = held([*struck(-3), listed(-2), listed(-1)])
    assert (entry.reason, entry.since) == (Reason.SES_LIST, NOW - 2 * DAY)


def test_hits_of_the_global_list_do_not_prolong_the_rest() -> None:
    """14 days from the first; a hit afterwards begins another 14 days."""
    hits = [bounced(BounceKind.GLOBAL_LIST, day) for day in (0, 5, 13)]
    assert held(hits).expires_at == NOW + 14 * DAY
    for day in (14, 20):
        again = held([*hits, bounced(BounceKind.GLOBAL_LIST, day)])
        assert (again.since, again.expires_at) == (NOW + day * DAY, NOW + (day + 14) * DAY)


@pytest.mark.parametrize(
    ("days", "expires"),
    [
        ([0, 7], None),
        ([0, 13, 13.9], None),
        ([0, 0, 14], None),
        ([0, 14], None),
        ([0, 7, 14], 44),
        ([0, 0.1, 14], 44),
        ([0, 1, 2, 3, 14], 44),
        ([0, 20, 30], 60),
        ([0, 7, 14, 15, 43], 44),
        ([0, 7, 14, 44], 104),
        ([0, 7, 14, 50], 110),
        ([0, 7, 14, 44, 104], 224),
        ([0, 7, 14, 44, 104, 224], 464),
        ([0, 7, 14, 44, 104, 224, 464], 944),
        ([0, 7, 14, 44, 104, 224, 464, 944], 1424),
    ],
)
def test_three_strikes_over_fourteen_days_are_a_rest_that_doubles(days: list[float], expires: float | None) -> None:
    """30 days from the strike that completed the row; each failure after a rest begins another, up to 480 days."""
    entry = held(struck(*days))
    assert entry.state is (State.SUPPRESSED if expires else State.WATCHING)
    assert entry.reason is (Reason.SOFT_BOUNCES if expires else None)
    assert entry.expires_at == (NOW + expires * DAY if expires else None)


@pytest.mark.parametrize(
    ("strikes", "delivery", "expires"),
    [
        ([0, 7, 14], -1, 44),
        ([0, 7, 14], 0, None),
        ([0, 7, 14], 8, None),
        ([0, 7, 14], 14, None),
        ([0, 7, 14], 20, None),
        ([0, 7, 14, 21, 28], 3, 51),
        ([0, 7, 14, 44, 51, 58], 30, 88),
    ],
)
def test_a_delivery_ends_the_row(strikes: list[float], delivery: float, expires: float | None) -> None:
    """Only strikes after the last delivery count, and the next rest is a first one again, whichever was heard first."""
    events = [*struck(*strikes), delivered(delivery)]
    expected = NOW + expires * DAY if expires else None
    assert held(events).expires_at == expected
    assert held(reversed(events)).expires_at == expected


def test_one_mail_that_fails_in_several_ways_is_one_strike() -> None:
    """SES may tell of one mail twice, with another sub-type; a row is made of mails."""
    assert held([replace(strike, message_id="mail") for strike in struck(0, 7, 14)]).state is State.WATCHING


def test_a_flood_on_one_day_does_not_hide_the_days_before() -> None:
    """Sixty failures of the tenth day leave room for that of the first."""
    flood = struck(*[10 + number / 100 for number in range(60)])
    assert held([*struck(0), *flood, *struck(14)]).expires_at == NOW + 44 * DAY


def test_a_delivery_is_only_written_where_it_changes_something() -> None:
    """Nothing is held for an address without strikes, nor for a delivery older than they are."""
    assert fold([delivered(0)]) is None
    suppressed = fold([bounced(BounceKind.HARD, -1)])
    assert fold([delivered(0)], entry=suppressed) is suppressed
    watched = fold(struck(0, 1))
    assert fold([delivered(-1)], entry=watched) is watched


def test_a_hard_bounce_is_not_healed_by_a_delivery() -> None:
    """Delivered after it bounced: both are legal, and the bounce wins."""
    assert held([bounced(BounceKind.HARD, -1), *struck(0), delivered(1)]).reason is Reason.HARD_BOUNCE


def test_the_ledger_is_asked_for_deliveries_only_when_a_strike_begins_a_row() -> None:
    """A row under watch hears of each delivery itself."""
    watched = fold(struck(0))
    assert wants_last_delivery(None, struck(0)[0])
    assert wants_last_delivery(watched, struck(-1)[0])
    assert wants_last_delivery(fold([*struck(0), delivered(1)]), struck(2)[0])
    assert not wants_last_delivery(watched, struck(1)[0])
    assert not wants_last_delivery(None, bounced(BounceKind.HARD, 0))


@given(st.lists(st.integers(0, 40 * 24), min_size=1, max_size=400, unique=True))
def test_rows_of_hundreds_of_strikes_are_judged_like_the_few_that_are_kept(hours: list[int]) -> None:
    """However many failures, the entry stays small, and a row over 15 days is found; one below 14 days never is."""
    entry = held([bounced(BounceKind.SOFT, hour / 24) for hour in hours])
    span = max(hours) - min(hours)
    assert len(entry.strikes) <= 48
    if len(hours) >= 3 and span >= 15 * 24:
        assert entry.state is State.SUPPRESSED
    if len(hours) < 3 or span < 14 * 24:
        assert entry.state is State.WATCHING


def test_a_hard_bounce_in_a_storm_is_believed_for_a_day() -> None:
    """Correction 7: a provider's outage must not silence thousands for good."""
    entry = held([bounced(BounceKind.HARD, 0, provisional=True)])
    assert (entry.reason, entry.confidence, entry.expires_at) == (Reason.HARD_BOUNCE, Confidence.LOW, NOW + DAY)


@pytest.mark.parametrize("day", [-3, 0.105, 0.5, 3])
def test_another_bounce_outside_the_storm_makes_it_final(day: float) -> None:
    """Before, in or after the storm, whichever was heard first; and many in a storm do not wash it away."""
    storm = [bounced(BounceKind.HARD, number / 100, provisional=True) for number in range(20)]
    firm = bounced(BounceKind.HARD, day)
    for signals in ([*storm, firm], [firm, *storm], [*storm[:10], firm, *storm[10:]]):
        entry = held(signals)
        assert (entry.confidence, entry.expires_at, entry.since) == (Confidence.HIGH, None, NOW + day * DAY)


def test_of_several_causes_the_one_that_lasts_longest_is_named() -> None:
    """A storm's day is over sooner than the global list's fortnight; of two for good, the complaint says more."""
    storm, listing = bounced(BounceKind.HARD, 0, provisional=True), bounced(BounceKind.GLOBAL_LIST, 0)
    assert held([storm, listing]).reason is Reason.GLOBAL_LIST
    assert held([complained(0), bounced(BounceKind.HARD, 1)]).reason is Reason.COMPLAINT


def test_storms_do_not_touch_what_is_not_a_hard_bounce() -> None:
    """The global list's 14 days stay 14 days, and are no guess."""
    entry = held([bounced(BounceKind.GLOBAL_LIST, 0, provisional=True)])
    assert (entry.expires_at, entry.confidence) == (NOW + 14 * DAY, Confidence.HIGH)


@pytest.mark.parametrize("late", [True, False])
def test_not_spam_lifts_the_complaint_about_the_same_mail(late: bool) -> None:
    """Whether it was heard after the complaint or before."""
    signals = [complained(0), not_spam(1)]
    entry = held(signals if late else reversed(signals))
    assert (entry.state, entry.reason) == (State.RELEASED, None)
    assert not blocks(entry, NOW + 2 * DAY)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (complained(0, mail="another"), Reason.COMPLAINT),
        (bounced(BounceKind.HARD, 0), Reason.HARD_BOUNCE),
        (replace(bounced(BounceKind.HARD, 0), message_id="mail"), Reason.HARD_BOUNCE),
        (ordered(-1, block=True), Reason.MANUAL),
    ],
)
def test_not_spam_lifts_nothing_else(other: Signal, reason: Reason) -> None:
    """Neither the complaint about another mail, nor a bounce, nor what an operator blocked."""
    assert held([other, complained(0), not_spam(1)]).reason is reason


def test_many_reports_do_not_crowd_out_the_latest() -> None:
    """However many mails were reported as no spam, the complaint about the latest is lifted."""
    reports = [not_spam(day, mail=f"mail-{day}") for day in range(20)]
    assert held([*reports, complained(19, mail="mail-19")]).reason is None


def test_not_spam_leaves_an_unsubscribed_recipient_alone() -> None:
    """The contact list is another scope, which no complaint or report enters."""
    assert not_spam(1).scope != subscribed(0, unsubscribed=True).scope
    unsubscribed = held([subscribed(0, unsubscribed=True)])
    assert held([replace(not_spam(1), scope=unsubscribed.scope), subscribed(0, unsubscribed=True)]).reason is Reason.UNSUBSCRIBE


def test_a_complaint_with_one_candidate_is_surer_than_one_with_several() -> None:
    """Two guesses stay a guess; one certainty is enough."""
    guess, certain = complained(0, mail="a", candidates=3), complained(1, mail="b")
    assert held([guess, complained(2, mail="c", candidates=2)]).confidence is Confidence.LOW
    entry = held([guess, certain])
    assert (entry.confidence, entry.since) == (Confidence.HIGH, certain.at)


@pytest.mark.parametrize("other", [bounced(BounceKind.HARD, 1), complained(1), *struck(1), listed(1), not_spam(1)])
def test_what_an_operator_blocked_stays_blocked_for_that_reason(other: Signal) -> None:
    """Manual entries outrank automatic ones."""
    entry = held([ordered(0, block=True), other])
    assert (entry.reason, entry.expires_at, entry.confidence) == (Reason.MANUAL, None, Confidence.HIGH)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ([bounced(BounceKind.HARD, -1)], None),
        ([bounced(BounceKind.HARD, 0)], None),
        ([bounced(BounceKind.HARD, 1)], Reason.HARD_BOUNCE),
        ([complained(-1)], None),
        ([complained(1)], Reason.COMPLAINT),
        ([bounced(BounceKind.GLOBAL_LIST, -1)], None),
        (struck(-20, -10, -1), None),
        (struck(-20, -10, 1), None),
        (struck(1, 8, 15), Reason.SOFT_BOUNCES),
        ([ordered(-1, block=True)], None),
        ([ordered(0, block=True)], Reason.MANUAL),
        ([ordered(1, block=True)], Reason.MANUAL),
    ],
)
def test_what_an_operator_released_needs_newer_evidence(evidence: list[Signal], reason: Reason | None) -> None:
    """By the event's time: what is older does not suppress again, however late it is heard."""
    release = ordered(0, block=False)
    assert held([*evidence, release]).reason is reason
    assert held([release, *evidence]).reason is reason


def test_an_operator_may_let_an_unsubscribed_recipient_back() -> None:
    """His word holds against the older unsubscribing, and gives way to a newer one."""
    gone = subscribed(0, unsubscribed=True)
    release = replace(ordered(1, block=False), scope=gone.scope)
    assert held([gone, release]).reason is None
    assert held([release, gone, subscribed(2, unsubscribed=True)]).reason is Reason.UNSUBSCRIBE


def test_an_operator_may_change_his_mind() -> None:
    """The latest word counts."""
    words = [ordered(0, block=True), ordered(1, block=False), ordered(2, block=True), ordered(3, block=False)]
    assert [held(words[:count]).state for count in (1, 2, 3, 4)] == [
        State.SUPPRESSED,
        State.RELEASED,
        State.SUPPRESSED,
        State.RELEASED,
    ]


@pytest.mark.parametrize(
    ("signals", "reason"),
    [
        ([subscribed(0, unsubscribed=True)], Reason.UNSUBSCRIBE),
        ([subscribed(0, unsubscribed=True), subscribed(1, unsubscribed=False)], None),
        ([subscribed(1, unsubscribed=True), subscribed(0, unsubscribed=False)], Reason.UNSUBSCRIBE),
        ([subscribed(0, unsubscribed=True), subscribed(0, unsubscribed=False)], Reason.UNSUBSCRIBE),
        ([subscribed(0, unsubscribed=False)], None),
    ],
)
def test_the_newer_subscription_wins(signals: list[Signal], reason: Reason | None) -> None:
    """Correction 4: re-subscribing releases; of two in the same second, the recipient is left in peace."""
    for ordering in (signals, signals[::-1]):
        entry = held(ordering)
        assert (entry.reason, entry.scope) == (reason, "contact-list/news")


@pytest.mark.parametrize(("contact_list", "unsubscribed"), [(None, True), ("", True), ("news", None)])
def test_a_subscription_that_does_not_say_what_changed_changes_nothing(contact_list: str | None, unsubscribed: bool | None) -> None:
    """Without the list or the preferences there is nothing to hold."""
    signal = subscription_signal(JANE, contact_list=contact_list, unsubscribed_from_all=unsubscribed, at=NOW, message_id="mail")
    assert signal is None


def test_two_storms_that_lie_apart_are_none() -> None:
    """A monthly newsletter's dead addresses bounce amid a burst each time: from the second on for good."""
    first, second = bounced(BounceKind.HARD, 0, provisional=True), bounced(BounceKind.HARD, 30, provisional=True)

    assert held([first]).expires_at == NOW + DAY
    assert (held([first, second]).state, held([first, second]).expires_at) == (State.SUPPRESSED, None)


def test_one_storm_is_one_storm() -> None:
    """Two mails that bounced in the same outage do not confirm each other."""
    entry = held([bounced(BounceKind.HARD, 0, provisional=True), bounced(BounceKind.HARD, 0.5, provisional=True)])

    assert entry.expires_at == NOW + DAY


def test_when_our_evidence_has_run_out_a_hit_of_sess_list_says_that_ses_refuses_still() -> None:
    """Else the table would say that mail may be sent, which SES takes, charges and never sends."""
    rest = bounced(BounceKind.HARD, 0, provisional=True)

    assert held([rest, bounced(BounceKind.LIST_HIT, 0.5, sub_type="OnAccountSuppressionList")]).expires_at == NOW + DAY
    later = held([rest, bounced(BounceKind.LIST_HIT, 3, sub_type="OnAccountSuppressionList")])
    assert (later.reason, later.since, later.expires_at) == (Reason.SES_LIST, NOW + 3 * DAY, None)
