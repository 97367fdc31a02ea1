"""The function that reads DMARC reports: its settings, its metrics, what it answers, and what it lets fail."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from ses_warden.adapters.dmarc_metrics import DMARC_METRICS, emit_ingested
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.application.ingest_reports import Ingested
from ses_warden.bootstrap import dmarc
from ses_warden.errors import LedgerError, SettingsError
from tests.support.dynamo import session, table_shapes
from tests.support.emulator import CREDENTIALS
from tests.support.samples import EVENTS
from tests.support.template import TEMPLATE, app_of

ENVIRONMENT = {
    **CREDENTIALS,
    "AWS_DEFAULT_REGION": "eu-west-1",
    "DMARC_TABLE": "DmarcTable",
    "DMARC_RETENTION_DAYS": "400",
    "POWERTOOLS_SERVICE_NAME": "ses-warden",
    "POWERTOOLS_METRICS_NAMESPACE": "SesWarden",
}


@pytest.fixture
def app() -> ModuleType:
    """The function's module."""
    return app_of("dmarc_reports")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with table, bucket and topic, and the function's environment."""
    with mock_aws():
        client: Any = session().client
        s3 = client("s3")
        s3.create_bucket(Bucket="mail-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client("dynamodb").create_table(TableName="DmarcTable", **table_shapes()["DmarcTable"])
        for name, value in {**ENVIRONMENT, "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alerts"}.items():
            monkeypatch.setenv(name, value)
        dmarc.ingestion.cache_clear()
        yield SimpleNamespace(s3=s3, dynamodb=client("dynamodb"))
        dmarc.ingestion.cache_clear()


def event(key: str) -> dict[str, Any]:
    """What S3 tells of a file."""
    told: dict[str, Any] = json.loads((EVENTS / "dmarc" / "object-created.json").read_text())
    told["Records"][0]["s3"]["bucket"]["name"] = "mail-bucket"
    told["Records"][0]["s3"]["object"]["key"] = key
    return told


CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="1")


def metrics(out: str) -> dict[str, float]:
    """The metrics of the lines that were printed."""
    lines = [json.loads(line) for line in out.splitlines() if '"_aws"' in line]
    return {name: line[name][0] for line in lines for name in DMARC_METRICS if name in line}


@pytest.mark.parametrize("file", sorted(path.name for path in (EVENTS / "dmarc").iterdir() if path.name.startswith("rfc")))
def test_every_sample_is_kept(app: ModuleType, aws: Any, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the handler, into the table."""
    aws.s3.put_object(Bucket="mail-bucket", Key=f"inbox/{file}", Body=(EVENTS / "dmarc" / file).read_bytes())
    assert app.lambda_handler(event(f"inbox/{file}"), CONTEXT) == {"reports": 1, "duplicates": 0, "refused": 0, "unread": 0}
    assert metrics(capsys.readouterr().out) == {"DmarcReports": 1}
    (row,) = [item for item in aws.dynamodb.scan(TableName="DmarcTable")["Items"] if "reporter" in item]
    assert row["mails"]["N"] == ("446" if file.startswith("rfc7489") else "93")


def test_a_file_that_is_gone_is_nothing(app: ModuleType, aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """S3 may tell of it late."""
    assert aws
    assert app.lambda_handler(event("inbox/gone"), CONTEXT)["reports"] == 0
    assert metrics(capsys.readouterr().out) == {}


def test_what_may_pass_fails_the_run_so_that_lambda_tries_again(app: ModuleType, aws: Any) -> None:
    """Twice more, and then the event is in the dead-letter queue."""
    aws.s3.put_object(Bucket="mail-bucket", Key="inbox/1", Body=(EVENTS / "dmarc" / "rfc7489.xml").read_bytes())
    aws.dynamodb.delete_table(TableName="DmarcTable")
    with pytest.raises(LedgerError, match="ResourceNotFoundException"):
        app.lambda_handler(event("inbox/1"), CONTEXT)


def test_each_metric_has_its_count(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not happen has no value."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    troubles = [Trouble.HOSTILE, Trouble.DAMAGED, Trouble.DAMAGED, Trouble.OTHER_KIND, Trouble.NOTHING]
    emit_ingested(Ingested(1, 2, 300, 40, 5, tuple(Refused(trouble, "bad") for trouble in troubles)))
    assert metrics(capsys.readouterr().out) == dict(zip(DMARC_METRICS, [1, 2, 3, 5, 1, 1], strict=True))
    emit_ingested(Ingested())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["DMARC_TABLE", "DMARC_RETENTION_DAYS", "ALERT_TOPIC_ARN", "POWERTOOLS_SERVICE_NAME"])
def test_a_missing_variable_is_named(aws: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whoever deploys finds it."""
    assert aws
    monkeypatch.setenv(name, "")
    with pytest.raises(SettingsError, match=name):
        dmarc.ingestion()


def test_the_handler_is_short() -> None:
    """It translates, delegates and counts."""
    path = Path(TEMPLATE.parent / "functions" / "dmarc_reports" / "app.py")
    assert len(path.read_text().splitlines()) <= 45
