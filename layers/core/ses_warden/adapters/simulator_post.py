"""Mail to SES's mailbox simulator, by SES's API."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.errors import NotSent, Unseen

_SUBJECT = "SES Warden: a test of the pipeline"
_TEXT = "Sent by `ses-warden doctor --send-test`. Nobody reads it."


class SimulatorPost:
    """The `Post` port; `client` is boto3's of `sesv2`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, sender: str, recipient: str, configuration_set: str) -> str:
        """See the port."""
        if not recipient.endswith("@simulator.amazonses.com"):
            raise NotSent("only the mailbox simulator is mailed")
        try:
            answer = self._client.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [recipient]},
                Content={"Simple": {"Subject": {"Data": _SUBJECT}, "Body": {"Text": {"Data": _TEXT}}}},
                ConfigurationSetName=configuration_set,
            )
        except ClientError as error:
            # SES's message names the address: only the code is passed on.
            if code_of(error) in DENIED:
                raise Unseen(code_of(error), "ses:SendEmail") from error
            raise NotSent(code_of(error)) from error
        except BotoCoreError as error:
            raise NotSent(code_of(error)) from error
        return str(answer["MessageId"])
