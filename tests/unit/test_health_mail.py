"""Mail against events, judged: the account, SES's own metrics beside what was recorded, senders without a set."""

from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Account, Identities, Identity, Point, Traffic
from ses_warden.domain.health_mail import judge_account, judge_age, judge_coverage, judge_feedback, judge_identities

OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
WELL = Account(sends=True, production=True, enforcement="HEALTHY", suppressed=frozenset({"BOUNCE", "COMPLAINT"}))


def check(finding: Finding, standing: Standing, words: str) -> None:
    """Whether it stands so and says so; what is not well says how to mend it."""
    assert (finding.standing, words in f"{finding.what} | {finding.mend}") == (standing, True), finding
    assert (finding.standing is OK) == (not finding.mend), finding


def ago(minutes: float) -> datetime:
    """So many minutes ago."""
    return NOW - timedelta(minutes=minutes)


def sends(*points: tuple[float, float]) -> Traffic:
    """So many mails in the five minutes that began so many minutes ago, the oldest first."""
    return Traffic(sends=[Point(ago(minutes), value) for minutes, value in points])


@pytest.mark.parametrize(
    ("account", "sending", "sandbox", "words"),
    [
        (WELL, OK, OK, "may send"),
        (WELL._replace(production=False), OK, WARN, "sandbox"),
        (WELL._replace(sends=False), BROKEN, OK, "ses-warden status account"),
        (WELL._replace(enforcement="PROBATION"), WARN, OK, "under review"),
        (WELL._replace(enforcement="SHUTDOWN", sends=False), BROKEN, OK, "AWS has paused"),
    ],
)
def test_the_account_may_send(account: Account, sending: Standing, sandbox: Standing, words: str) -> None:
    """What AWS did is told apart from what a person did."""
    first, second = judge_account(account)
    assert (first.standing, second.standing) == (sending, sandbox)
    assert words in f"{first.what} {first.mend} {second.what}"


@pytest.mark.parametrize(
    ("traffic", "last", "standing", "words"),
    [
        (sends((60, 5), (45, 5)), ago(44), OK, "SES has sent nothing since"),
        (sends((60, 5)), ago(58), OK, "nothing since"),
        (sends(), ago(3000), OK, "SES shows no mail within a day"),
        (sends(), None, OK, "no event of today or yesterday"),
        (sends((200, 0), (10, 7)), None, OK, "nothing since that should be here"),  # may be under way still
        (sends((100, 4), (60, 3)), ago(98), WARN, "SES has sent 3 mails since"),
        (sends((30, 2)), ago(90), WARN, "the last event is 1 h 30 min old, and SES has sent 2 mails since"),
        (sends((600, 9), (300, 8), (30, 7)), ago(599), BROKEN, "SES has sent 15 mails since"),
        (sends((600, 9), (30, 7)), None, BROKEN, "no event of today or yesterday is recorded, and SES has sent 16 mails since"),
    ],
)
def test_the_last_event_is_as_young_as_the_last_mail(
    traffic: Traffic, last: datetime | None, standing: Standing, words: str
) -> None:
    """An old event is well where nothing was sent since; a single mail of another program is no broken pipe."""
    check(judge_age(traffic, last, NOW), standing, words)


HOURS = [datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (9, 8, 7)]


@pytest.mark.parametrize(
    ("traffic", "recorded", "standing", "words"),
    [
        (sends((70, 100), (130, 100)), (100, 100, 0), OK, "SES sent 200 mails in the last 3 full hours; 200 were recorded"),
        (sends((70, 100)), (94, 0, 0), OK, "94 were recorded"),
        (sends((70, 1000)), (960, 0, 0), OK, "960 were recorded"),
        (sends((70, 1000)), (900, 0, 0), WARN, "100 of them are not recorded"),
        (sends((70, 100), (130, 100)), (200, 0, 0), WARN, "100 of them are not recorded"),
        (sends((70, 100)), (500, 0, 0), OK, "500 were recorded"),  # mails of several recipients
        (sends((5, 100)), (0, 0, 0), OK, "SES sent 0 mails"),  # in an hour that is not over
        (sends(), (0, 0, 0), OK, "SES sent 0 mails"),
    ],
)
def test_mail_that_went_past_is_counted(traffic: Traffic, recorded: tuple[int, int, int], standing: Standing, words: str) -> None:
    """Hour by hour, since we count recipients where SES counts mails; a few are no finding."""
    check(judge_coverage(traffic, dict(zip(HOURS, recorded, strict=True))), standing, words)


@pytest.mark.parametrize(
    ("bounced", "published", "standing", "words"),
    [
        ([Point(ago(60), 3)], [Point(ago(60), 3)], OK, "SES counts 3 bounces and complaints within a day; 3 events reached"),
        ([Point(ago(60), 3)], [], BROKEN, "nothing reached the feedback topic"),
        ([Point(ago(5), 3)], [], OK, "SES counts 0"),
        ([], [], OK, "SES counts 0"),
    ],
)
def test_feedback_reaches_its_topic(bounced: list[Point], published: list[Point], standing: Standing, words: str) -> None:
    """As soon as SES counts any, and it had time to come."""
    check(judge_feedback(Traffic(feedback=bounced, published=published), NOW), standing, words)


@pytest.mark.parametrize(
    ("default", "coverage", "standing", "words"),
    [
        ("mail", WARN, OK, "its default configuration set is mail"),
        ("", OK, OK, "by SES's count none does"),
        (
            "",
            WARN,
            WARN,
            "put-email-identity-configuration-set-attributes --email-identity example.com --configuration-set-name mail",
        ),
        ("", UNKNOWN, WARN, "no default set"),
        ("other", WARN, WARN, "is other, which is not watched"),
    ],
)
def test_senders_without_a_watched_set_matter_where_mail_goes_past(
    default: str, coverage: Standing, standing: Standing, words: str
) -> None:
    """Programs may name the set themselves; SES's count tells whether all do."""
    [finding] = judge_identities(Identities([Identity("example.com", default)], 0), ("mail", "more"), coverage)
    check(finding, standing, words)


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        (Identities([], 0), OK, "no verified identity"),
        (Identities([], 12), UNKNOWN, "12 further identities were not looked at"),
        (Identities([], 3, "Whoever asks needs the right ses:GetEmailIdentity."), UNKNOWN, "ses:GetEmailIdentity"),
    ],
)
def test_senders_that_were_not_looked_at_are_told_of(seen: Identities, standing: Standing, words: str) -> None:
    """By how many, or why."""
    [finding] = judge_identities(seen, ("mail",), OK)
    check(finding, standing, words)
