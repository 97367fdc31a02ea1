"""What `message show` and `message find` refuse before anybody is asked."""

import os

import pytest
from typer.testing import CliRunner

from ses_warden_cli.main import app


def run(*words: str) -> tuple[int, str]:
    """The exit code, and what was said, without an account."""
    others: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("AWS_", "SES_WARDEN_"))}
    result = CliRunner().invoke(app, ["message", *words], env={**others, "AWS_EC2_METADATA_DISABLED": "true"}, prog_name="x")
    assert isinstance(result.exception, SystemExit | None)
    return result.exit_code, result.stderr


@pytest.mark.parametrize("given", ["", "  ", "<>", "@email.amazonses.com", "x" * 2049, "é" * 1025])
def test_what_is_no_id_is_refused(given: str) -> None:
    """DynamoDB would refuse an empty key, or one that is too long, in words that help nobody."""
    code, said = run("show", "--", given)
    assert (code, "no id of a mail" in said) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--domain", ""], "no domain"),
        (["--domain", " "], "no domain"),
        (["--domain", "."], "no domain"),
        (["--domain", "@"], "no domain"),
        (["--domain", "jane@example.net"], "no domain"),
        (["--domain", "()"], "no domain"),
        (["--domain", "\u200b"], "no domain"),
        (["--from", ""], "it is empty"),
        (["--subject", " "], "it is empty"),
        (["--next", ""], "it is empty"),
        (["--to", "example.net"], "not a whole address"),
        (["--to", "@example.net"], "not a whole address"),
        (["--tag", "campaign"], "not NAME=VALUE"),
        (["--state", "[red]bounced"], "it is one of"),
        (["--day", "2026-13-01"], "2026-13-01"),
        (["--day", "0000-01-01"], "0000-01-01"),
        (["--since", "2026-11-24", "--until", "2026-11-23"], "ends before it begins"),
        (["--day", "2026-11-24", "--since", "2026-11-23"], "either --day"),
        (["--csv", "--json"], "either --csv or --json"),
        (["--limit", "0"], "greater than"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(words: list[str], said: str) -> None:
    """As wrong usage, in words."""
    code, told = run("find", *words)
    assert code == 2
    assert said in " ".join(told.split())
