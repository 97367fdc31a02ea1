"""The DNS tree walk of RFC 9989, and what a DMARC record comes to."""

import pytest

from ses_warden.domain.dkim_keys import tags_of
from ses_warden.domain.dmarc_policies import Policy, destinations, is_dmarc, policy_from, steps, walk_from
from ses_warden.domain.dns_answers import Answer, Failure


def policy(record: str, domain: str = "example.com") -> Policy:
    """The record of a domain."""
    return Policy(domain, record, tags_of(record))


def answer(domain: str, *records: str, failure: Failure | None = None) -> tuple[str, Answer]:
    """An answer to one step."""
    return domain, Answer(f"_dmarc.{domain}", "TXT", records, failure=failure)


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("example.com", ["example.com", "com"]),
        ("a.mail.example.com", ["a.mail.example.com", "mail.example.com", "example.com", "com"]),
        (
            "a.b.c.d.e.f.example.com",
            ["a.b.c.d.e.f.example.com", "b.c.d.e.f.example.com", "c.d.e.f.example.com", "d.e.f.example.com"],
        ),
        ("a.b.c.d.e.f.g.h.example.com", ["a.b.c.d.e.f.g.h.example.com", "d.e.f.g.h.example.com", "e.f.g.h.example.com"]),
    ],
)
def test_the_walk_goes_up_in_eight_steps_at_most(domain: str, asked: list[str]) -> None:
    """Of a long name the middle is left out: section 4.10."""
    found = steps(domain)
    assert found[: len(asked)] == asked
    assert found[-1] == "com"
    assert len(found) <= 8


@pytest.mark.parametrize(
    ("answers", "organization", "governs"),
    [
        ([("a.mail.example.com", "")], "a.mail.example.com", None),
        ([("mail.example.com", "p=none"), ("example.com", "p=reject")], "example.com", "example.com"),
        ([("a.mail.example.com", "p=none"), ("example.com", "p=reject")], "example.com", "a.mail.example.com"),
        ([("com", "p=reject; psd=y")], "example.com", "com"),
        ([("example.com", "p=none"), ("com", "p=reject; psd=y")], "example.com", "example.com"),
        ([("mail.example.com", "p=none; psd=n")], "mail.example.com", "mail.example.com"),
        ([("a.mail.example.com", "p=none; psd=y"), ("example.com", "p=reject")], "example.com", "a.mail.example.com"),
        ([("mail.example.com", "p=reject; psd=y")], "a.mail.example.com", "mail.example.com"),
    ],
)
def test_the_organization_and_the_record_are_found(answers: list[tuple[str, str]], organization: str, governs: str | None) -> None:
    """Sections 4.10.1 and 4.10.2, their own examples among them."""
    walk = walk_from("a.mail.example.com", [answer(name, f"v=DMARC1; {tags}") if tags else answer(name) for name, tags in answers])
    assert walk.organization == organization
    assert (walk.policy and walk.policy.domain) == governs


def test_a_step_that_nobody_answered_leaves_the_walk_open() -> None:
    """It may hide a record."""
    walk = walk_from("example.com", [answer("example.com", failure=Failure.TIMEOUT), answer("com")])
    assert walk.is_open
    assert [one.name for one in walk.failed] == ["_dmarc.example.com"]


@pytest.mark.parametrize(
    ("record", "policies"),
    [
        ("p=reject", ("reject", "reject", "reject")),
        ("p=reject; sp=quarantine", ("reject", "quarantine", "quarantine")),
        ("p=Reject; np=NONE", ("reject", "reject", "none")),
        ("p=reject; sp=none; np=reject", ("reject", "none", "reject")),
        ("sp=reject", ("none", "none", "none")),
        ("p=refuse", ("none", "none", "none")),
        ("p=reject; sp=refuse", ("none", "none", "none")),
    ],
)
def test_policies_fall_back(record: str, policies: tuple[str, str, str]) -> None:
    """What is wrong makes the record `none` at best: section 4.10.1."""
    found = policy(f"v=DMARC1; {record}")
    assert (found.policy(), found.policy("sp"), found.policy("np")) == policies


@pytest.mark.parametrize(
    ("record", "truth"),
    [
        ("v=DMARC1", True),
        ("v = DMARC1 ; p=none", True),
        ("V=DMARC1;p=none", True),
        ("v=dmarc1; p=none", False),
        ("v=DMARC2; p=none", False),
        (" v=DMARC1; p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=spf1 -all", False),
        ("", False),
    ],
)
def test_a_dmarc_record_begins_with_its_version(record: str, truth: bool) -> None:
    """Section 4.8."""
    assert is_dmarc(record) is truth


def test_several_records_are_none() -> None:
    """Section 4.10, step 2; others beside it do not count."""
    assert policy_from("example.com", answer("example.com", "v=DMARC1; p=none", "v=DMARC1; p=reject")[1]) is None
    assert policy_from("example.com", answer("example.com", "v=DMARC1; p=none", "hello")[1]) is not None


@pytest.mark.parametrize(
    ("uris", "domains"),
    [
        ("mailto:a@example.com", ["example.com"]),
        ("mailto:a@Example.com!10m, MAILTO:b@b.example?subject=x ,mailto:c@example.com", ["example.com", "b.example"]),
        ("https://example.com/report", []),
        ("a@example.com", []),
        ("mailto:", []),
        ("mailto:@", []),
        (",,", []),
    ],
)
def test_reports_go_to_domains(uris: str, domains: list[str]) -> None:
    """Each once; only of mail addresses."""
    assert destinations(policy(f"v=DMARC1; p=none; rua={uris}"), "rua") == domains
