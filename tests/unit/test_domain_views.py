"""`domain list` as people and scripts see it, where the emulators have nothing to show: VDM, unknowns, hostile names."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from ses_warden.application.look_at_identities import Look, Own, VdmSeen
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Dkim, Identity
from ses_warden.domain.sending_identities import Seen, Topics
from ses_warden.domain.vdm import OURS_A_MONTH, SetVdm, Vdm, bill
from ses_warden_cli.domain import shapes, views

OURS = "arn:aws:sns:eu-west-1:111122223333:feedback"
ON = Vdm(True, True, True, "NONE")


def look(*identities: Seen, vdm: VdmSeen | None = None, findings: tuple[Finding, ...] = (), beyond: int = 0) -> Look:
    """What was seen."""
    own = Own(OURS, "ses-warden")
    return Look(own=own, identities=identities, findings=findings, not_looked_at=beyond, vdm=vdm or VdmSeen())


def printed(capsys: pytest.CaptureFixture[str], seen: Look) -> str:
    """What people see of it."""
    views.show_look(seen, as_json=False)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("vdm", "lines"),
    [
        (VdmSeen(), ["Virtual Deliverability Manager: not known"]),
        (
            VdmSeen(account=ON, own_set=SetVdm("ses-warden", False, None), bill=bill(1_000_000)),
            [
                "Virtual Deliverability Manager: on (plan NONE); for ses-warden engagement metrics no, optimized shared "
                "delivery yes",
                "1,000,000 mails in this Region in 30 days. For as many a month: VDM about $70.00 and what queries cost, "
                f"SES Warden about ${OURS_A_MONTH + 9:.2f} (docs/costs.md).",
            ],
        ),
        (
            VdmSeen(account=Vdm(False, plan="ESSENTIALS"), bill=bill(20_000_000, "ESSENTIALS")),
            [
                "Virtual Deliverability Manager: off (plan ESSENTIALS)",
                "20,000,000 mails in this Region in 30 days. For as many a month: VDM at a price that is not known (your plan has "
                f"it already), SES Warden about ${OURS_A_MONTH + 180:.2f} (docs/costs.md).",
            ],
        ),
    ],
)
def test_vdm_is_told_in_a_line_or_two(capsys: pytest.CaptureFixture[str], vdm: VdmSeen, lines: list[str]) -> None:
    """Whether it is on, for the stack's set too, and both bills."""
    assert " ".join(printed(capsys, look(vdm=vdm)).split()).endswith(" ".join(lines))


def test_what_is_unknown_is_a_question_mark(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else: neither yes nor no."""
    out = printed(capsys, look(Seen(name="example.com", is_domain=True), beyond=3))
    [row] = [line for line in out.splitlines() if line.startswith("example.com")]
    assert row.split() == ["example.com", *["?"] * 7]
    assert "3 more were not looked at" in out


def test_what_is_well_needs_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is to be known, or could be told more simply."""
    findings = (
        Finding("identity.dkim", Standing.OK, "example.com", "SES signs its mail."),
        Finding("identity.feedback", Standing.OK, "example.com", "It comes twice.", "Do this."),
        Finding("identity.verified", Standing.WARN, "example.org", "It is PENDING.", "Do that."),
    )
    out = printed(capsys, look(findings=findings))
    assert "signs" not in out
    assert "ok: example.com: It comes twice.\n    Do this.\nwarn: example.org: It is PENDING.\n    Do that.\n" in out


def test_what_is_alike_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """For all the identities that it is true of, the first three by name; JSON has each of them."""
    reason = "You may not ask SES about this: the right ses:GetEmailIdentity is missing."
    findings = tuple(Finding("identity.asked", Standing.UNKNOWN, f"{number}.example", reason) for number in range(6))
    out = printed(capsys, look(findings=findings[:3]))
    assert f"unknown: 0.example, 1.example, 2.example: {reason}\n" in out
    out = printed(capsys, look(findings=findings))
    assert f"unknown: 0.example, 1.example, 2.example and 3 more: {reason}\n" in out


def test_nothing_that_a_stranger_named_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """No sequence is obeyed and no markup read; a topic's name is shown as it is."""
    hostile = Identity(
        name="x",
        is_domain=True,
        verified=True,
        status="SUCCESS",
        dkim=Dkim(True, "\x1b[31mSUCCESS"),
        configuration_set="[red]set",
    )
    seen = Seen(
        name="\x1b]0;owned\x07example.com", is_domain=True, identity=hostile, topics=Topics(bounce="[b]arn"), recorded=False
    )
    out = printed(capsys, look(seen))
    assert "\x1b" not in out
    assert "[red]set" in out
    assert "[b]arn" in out


@pytest.mark.parametrize(
    ("standing", "bad"), [(Standing.OK, False), (Standing.UNKNOWN, False), (Standing.WARN, True), (Standing.BROKEN, True)]
)
def test_only_what_is_wrong_is_a_finding(capsys: pytest.CaptureFixture[str], standing: Standing, bad: bool) -> None:
    """Exit code 1 is for what somebody should look at."""
    seen = look(findings=(Finding("identity.feedback", standing, "example.com", "So it is."),))
    assert views.show_look(seen, as_json=True) is bad
    shape: Any = json.loads(capsys.readouterr().out)
    assert TypeAdapter(shapes.Domains).validate_python(shape)["findings"][0]["standing"] == standing.value
