"""What a function's log tells: how often it ran, how long, and the metrics that it wrote, read as CloudWatch would."""

import json
import re
from collections import Counter
from typing import Any

from tests.support.stack import Stack

_REPORT = re.compile(r"REPORT .*?\tDuration: (\d+(?:\.\d+)?) ms")
# CloudWatch Logs charges so many bytes for each line beside its text.
_LINE_BYTES = 26


class Runs:
    """The runs of one function that end from now on, as far as they were read; `poll` reads what is new."""

    def __init__(self, stack: Stack, function: str) -> None:
        """Leave out what the function did before."""
        self._logs: Any = stack.emulator.client("logs")
        self._group = stack.resources[function.replace("Function", "LogGroup")]
        self._latest = 0
        self._streams: set[str] = set()
        self._clear()
        self.poll()
        self._clear()

    def poll(self, margin: int = 0) -> int:
        """Reads what was logged since the last time; returns how many runs have ended by now.

        The emulator writes the log of a run when it ends, into a stream of its own. Runs that overlap may be written in another
        order than their times say: `margin` in milliseconds is how far to look back.
        """
        start = max(0, self._latest - margin)
        events = self._logs.filter_log_events(logGroupName=self._group, startTime=start)["events"]
        known = frozenset(self._streams)
        for event in events:
            self._latest = max(self._latest, event["timestamp"])
            if event["logStreamName"] not in known:
                self._streams.add(event["logStreamName"])
                self._read(event["message"])
        return self.finished

    def _clear(self) -> None:
        self.finished = 0
        self.milliseconds = 0.0
        self.log_bytes = 0
        self.metrics: Counter[str] = Counter()
        self.lags: list[float] = []

    def _read(self, line: str) -> None:
        self.log_bytes += len(line.encode()) + _LINE_BYTES
        report = _REPORT.match(line)
        if report:
            self.finished += 1
            self.milliseconds += float(report[1])
        elif line.startswith("{") and '"_aws"' in line:
            self._take_metrics(json.loads(line))

    def _take_metrics(self, line: dict[str, Any]) -> None:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                if metric["Name"] == "Lag":
                    self.lags += values
                else:
                    self.metrics[metric["Name"]] += int(sum(values))
