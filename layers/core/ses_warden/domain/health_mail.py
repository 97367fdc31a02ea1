"""Judges whether mail and events agree: SES's account, its own metrics beside what was recorded, senders without a set."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Account, Identities, Identity, Traffic, broken, unknown, warn, well
from ses_warden.domain.health_runners import spell

# An event takes its way, and SES's metrics are published when SES likes; so long after, both should be there.
SETTLED: Final = timedelta(minutes=20)
# A mail's Send event is dated like the mail: what was sent within the same minutes as the last event is that mail.
_SAME: Final = timedelta(minutes=10)
# Mail went past for so long: then it is no single mail of another program, but the pipe.
_LONG: Final = timedelta(hours=2)
# SES counts mails where we count recipients, and mail to its simulator in no rate: small differences say nothing.
_FEW, _SHARE = 10, 0.05
HOUR: Final = timedelta(hours=1)
_METRICS: Final = "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html"
_DEFAULT_SET: Final = "https://docs.aws.amazon.com/ses/latest/dg/managing-configuration-sets.html"
_SANDBOX: Final = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"


def judge_account(seen: Account) -> Iterator[Finding]:
    """Whether the account may send at all."""
    code, where = "account.sending", "account"
    if seen.enforcement == "SHUTDOWN":
        yield broken(code, where, "AWS has paused sending for the account", "Answer AWS's support case; nothing else lifts it.")
    elif not seen.sends:
        what = "sending is switched off for the account in this Region"
        yield broken(code, where, what, "`ses-warden status account` says by whom; `ses-warden resume account` lets it go on.")
    elif seen.enforcement not in ("HEALTHY", ""):
        what = f"AWS has the account under review ({seen.enforcement})"
        yield warn(code, where, what, "Answer AWS's support case, and look at `ses-warden status`.")
    else:
        yield well(code, where, "the account may send")
    if seen.production:
        yield well("account.sandbox", where, "it has production access")
    else:
        what = "it is in SES's sandbox: mail goes to verified addresses and the mailbox simulator only"
        yield warn("account.sandbox", where, what, "Ask for production access.", _SANDBOX)


def judge_age(traffic: Traffic, last: datetime | None, now: datetime) -> Finding:
    """The age of the last event against SES's own word that mail was sent. `last` is None where no event is of these two days."""
    code, where = "events.age", "events"
    since = last + _SAME if last else datetime.min.replace(tzinfo=UTC)
    missed = [one for one in traffic.sends if one.value > 0 and one.at > since and one.at + traffic.period <= now - SETTLED]
    seen = f"the last event is {spell((now - last).total_seconds())} old" if last else "no event of today or yesterday is recorded"
    if missed:
        gone = sum(one.value for one in missed)
        what = f"{seen}, and SES has sent {gone:,.0f} mails since (AWS/SES Send)"
        mend = (
            "They were sent without a watched configuration set, or a destination, policy or key is broken: see the other lines, "
            "and try `ses-warden doctor --send-test`."
        )
        how = broken if last is None or missed[-1].at - since >= _LONG else warn
        return how(code, where, what, mend, _METRICS)
    if not traffic.sends:
        return well(code, where, f"{seen}; SES shows no mail within a day")
    return well(code, where, f"{seen}; SES has sent nothing since that should be here")


def judge_coverage(traffic: Traffic, recorded: Mapping[datetime, int]) -> Finding:
    """What SES sent against what was recorded, in hours that are over; `recorded` by the beginning of each."""
    code, where = "events.coverage", "events"
    sent = dict.fromkeys(recorded, 0.0)
    for one in traffic.sends:
        hour = one.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if hour in sent:
            sent[hour] += one.value
    # By the hour: one in which recipients outnumber mails must not hide another in which events are missing.
    missing = sum(max(0.0, sent[hour] - recorded[hour]) for hour in recorded)
    total = sum(sent.values())
    hours = len(recorded)
    if missing >= _FEW and missing >= _SHARE * total:
        what = f"SES sent {total:,.0f} mails in the last {hours} full hours; {missing:,.0f} of them are not recorded"
        mend = (
            "They went past the pipeline: their senders name no watched configuration set, or another one. Mail to the mailbox "
            "simulator is not counted here either."
        )
        return warn(code, where, what, mend, _METRICS)
    return well(
        code, where, f"SES sent {total:,.0f} mails in the last {hours} full hours; {sum(recorded.values()):,} were recorded"
    )


def judge_feedback(traffic: Traffic, now: datetime) -> Finding:
    """Whether feedback reaches its topic while SES counts bounces or complaints."""
    code, where = "events.feedback", "events"
    counted = sum(one.value for one in traffic.feedback if one.at + traffic.period <= now - SETTLED)
    came = sum(one.value for one in traffic.published)
    if counted and not came:
        what = f"SES counts {counted:,.0f} bounces and complaints within a day, and nothing reached the feedback topic"
        mend = "Nobody is suppressed for them. See the lines about the configuration sets and the topic."
        return broken(code, where, what, mend, _METRICS)
    return well(code, where, f"SES counts {counted:,.0f} bounces and complaints within a day; {came:,.0f} events reached the topic")


def judge_identities(seen: Identities, sets: Collection[str], coverage: Standing) -> Iterator[Finding]:
    """Senders whose mail goes past the pipeline unless it names a set. They matter where mail did, or nobody can tell."""
    for one in seen.seen:
        yield _judge_identity(one, sets, coverage)
    if seen.left or seen.why:
        left = f"{seen.left:,} further identities were not looked at" if seen.left else "not all identities were looked at"
        mend = seen.why or "`--identities NUMBER` looks at more; SES takes one request a second."
        yield unknown("identity.set", "identities", left, mend)
    elif not seen.seen:
        yield well("identity.set", "identities", "no verified identity sends from this Region")


def _judge_identity(one: Identity, sets: Collection[str], coverage: Standing) -> Finding:
    code = "identity.set"
    if one.default_set in sets:
        return well(code, one.name, f"its default configuration set is {one.default_set}")
    which = f"its default configuration set is {one.default_set}, which is not watched" if one.default_set else "no default set"
    if coverage is Standing.OK:
        return well(code, one.name, f"{which}: mail that names no watched set goes past; by SES's count none does")
    mend = (
        f"`aws sesv2 put-email-identity-configuration-set-attributes --email-identity {one.name} "
        f"--configuration-set-name {next(iter(sets), 'NAME')}`, unless another program needs the set that it has."
    )
    return warn(code, one.name, f"{which}: mail that names no watched set goes past the pipeline", mend, _DEFAULT_SET)
