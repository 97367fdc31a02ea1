"""Runs a command that must not outlive its starter: ``python guard.py FOLDER COMMAND...``.

Standard input is a pipe which the starter holds open. Once it closes, whatever ended the starter (an exception, Ctrl-C,
even SIGKILL), the command's whole process group is killed and FOLDER is deleted.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def guard(folder: str, command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; return its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 -- the starter's

    def end(*_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def end_with_starter() -> None:
        # os.read and not sys.stdin: a daemon thread inside a buffered reader aborts the interpreter's exit.
        while os.read(sys.stdin.fileno(), 1):
            pass
        end()

    # A handler, not SIG_IGN, which the command would inherit.
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=end_with_starter, daemon=True).start()
    try:
        return process.wait()
    finally:
        end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1], sys.argv[2:]))
