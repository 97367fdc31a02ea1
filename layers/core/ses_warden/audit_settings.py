"""The settings of the audit of domains: its environment, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from ses_warden.settings import text_from


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What `template.yaml` hands to the audit. Without `domains` all are audited that SES may send from."""

    reputation_table: str
    alert_topic: str
    stack: str
    domains: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "AuditSettings":
        """Raises `SettingsError`, which names the variable, what it should be, and what it was."""
        domains = environment.get("AUDIT_DOMAINS", "")
        return cls(
            reputation_table=text_from(environment, "REPUTATION_TABLE"),
            alert_topic=text_from(environment, "ALERT_TOPIC_ARN"),
            stack=text_from(environment, "POWERTOOLS_SERVICE_NAME"),
            domains=tuple(domain.strip() for domain in domains.split(",") if domain.strip()),
        )
