"""`ses-warden dmarc` against a table, a bucket and receipt rules on an emulator."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from pydantic import TypeAdapter

from ses_warden.adapters.dmarc_rows import DynamoReports
from ses_warden_cli.dmarc.inbox_shapes import DmarcInbox
from ses_warden_cli.dmarc.ingest_shapes import DmarcIngested
from tests.support.dmarc import mail, many, record, report, zipped
from tests.support.dynamo import table_shapes
from tests.support.emulator import CREDENTIALS, REGION
from tests.support.samples import EVENTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """An empty table of reports."""
    name = f"ses-warden-test-dmarc-{uuid.uuid4().hex[:12]}"
    dynamodb.create_table(TableName=name, **table_shapes()["DmarcTable"])
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def run(endpoint: str, table: str) -> Run:
    """Runs `ses-warden dmarc` as a process of its own."""
    if endpoint == "aws":
        pytest.skip("uses a bucket and receipt rules of the emulator")

    def _run(*words: str, given: bytes = b"", **uses: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
        more = {
            **CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SES_WARDEN_USE": " ".join(f"{name}={value}" for name, value in {"DMARC_TABLE": table, **uses}.items()),
        }
        command = [sys.executable, "-m", "ses_warden_cli", "dmarc", *words]
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=kept | more, cwd=ROOT, capture_output=True, input=given, timeout=120, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    return _run


def client(endpoint: str, service: str) -> Any:
    """A client of the emulator."""
    made: Any = boto3.Session(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=REGION).client
    return made(service, endpoint_url=endpoint)


def ingested(result: subprocess.CompletedProcess[str]) -> DmarcIngested:
    """What it printed, checked against its documented shape."""
    assert result.stderr == ""
    return TypeAdapter(DmarcIngested).validate_python(json.loads(result.stdout))


def test_files_folders_and_standard_input_are_taken_once(run: Run, table: str, dynamodb: "DynamoDBClient", tmp_path: Path) -> None:
    """All of the samples: two reports, in three kinds of packing and a mail; the bad ones are named."""
    first = ingested(run("ingest", str(EVENTS / "dmarc"), "--json"))
    assert (first["files"], first["reports"], first["mails"], first["sources"]) == (8, 2, 539, 5)
    assert first["duplicates"] == 3
    refused = {Path(one["file"]).name: one["trouble"] for one in first["refused"]}
    assert refused == {"entity.xml": "hostile", "truncated.xml.gz": "damaged", "object-created.json": "nothing"}
    (tmp_path / "large.zip").write_bytes(zipped(many(1_500).encode()))
    (tmp_path / ".hidden").write_bytes(b"nothing")
    second = ingested(
        run("ingest", str(tmp_path), "-", "--json", given=mail(zipped(report(record(), domain="example.org").encode())))
    )
    assert (second["files"], second["reports"], second["sources"], second["refused"]) == (2, 2, 1_501, [])
    rows = DynamoReports(dynamodb, table)
    assert list(rows.domains()) == ["example.com", "example.org"]
    assert sorted(len(each.sources) for each in rows.reports("example.com", LONG_AGO, LATER)) == [2, 3, 1_500]


def test_people_read_a_sentence(run: Run) -> None:
    """With exit code 0 where all is well, and 1 where something was refused or nothing is there."""
    good = run("ingest", str(EVENTS / "dmarc" / "rfc9990.eml"))
    assert (good.returncode, good.stderr) == (0, "")
    assert "1 reports about 93 mails from 2 sources kept, 0 were there already (1 files)" in good.stdout
    again = run("ingest", str(EVENTS / "dmarc" / "rfc9990.eml"))
    assert "0 reports about 0 mails from 0 sources kept, 1 were there already" in again.stdout
    bad = run("ingest", str(EVENTS / "dmarc" / "entity.xml"))
    assert bad.returncode == 1
    assert "document type" in bad.stderr


def test_a_plan_keeps_nothing(run: Run, table: str, dynamodb: "DynamoDBClient") -> None:
    """And asks no table."""
    planned = ingested(run("ingest", "--plan", str(EVENTS / "dmarc" / "rfc7489.zip"), "--json"))
    assert (planned["plan"], planned["reports"]) == (True, 1)
    assert dynamodb.scan(TableName=table)["Items"] == []


@pytest.mark.parametrize("words", [("gone.xml",), ("s3://",), ("s3://no-such-bucket-anywhere/x",)])
def test_what_is_not_there_is_a_failure(run: Run, words: tuple[str, ...]) -> None:
    """With a sentence, and no traceback."""
    result = run("ingest", *words)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert len(result.stderr) > 10


def test_a_bucket_is_read(run: Run, endpoint: str) -> None:
    """All below a prefix."""
    s3, bucket = client(endpoint, "s3"), f"mail-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for number in range(3):
        body = report(record(count=number), report_id=str(number)).encode()
        s3.put_object(Bucket=bucket, Key=f"inbox/{number}", Body=body)
    assert ingested(run("ingest", f"s3://{bucket}/inbox/", "--json"))["reports"] == 3


def test_the_inbox_is_looked_at_in_sess_own_rules(run: Run, endpoint: str) -> None:
    """None is active; another set is; ours is, with the rule in it."""
    ses, name = client(endpoint, "ses"), f"ours-{uuid.uuid4().hex[:8]}"
    uses = {"MAIL_BUCKET": "mail", "RECEIPT_RULE_SET": name}

    def found(code: int) -> list[str]:
        result = run("inbox", "--json", **uses)
        assert (result.returncode, result.stderr) == (code, "")
        shape = TypeAdapter(DmarcInbox).validate_python(json.loads(result.stdout))
        return [f"{one['code']} {one['standing']}" for one in shape["findings"]]

    assert found(1) == ["dmarc.inbox.active broken", "dmarc.inbox.mx unknown"]
    ses.create_receipt_rule_set(RuleSetName=name)
    ses.set_active_receipt_rule_set(RuleSetName=name)
    try:
        assert found(1) == ["dmarc.inbox.rule broken", "dmarc.inbox.mx unknown"]
        action = {"S3Action": {"BucketName": "mail", "ObjectKeyPrefix": "inbox/"}}
        rule = {"Name": "reports", "Enabled": True, "Recipients": ["dmarc.example.com"], "Actions": [action]}
        ses.create_receipt_rule(RuleSetName=name, Rule=rule)
        assert found(0) == ["dmarc.inbox.rule ok", "dmarc.inbox.mx unknown"]
        text = run("inbox", **uses)
        assert "ok: Mail to dmarc.example.com reaches the bucket." in text.stdout
    finally:
        ses.set_active_receipt_rule_set()
