"""What is yet to happen: due moments in order, played by one thread, faster than life where that is asked for."""

import heapq
import itertools
import sys
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

MOST_PENDING: Final = 500_000
# A small speed makes millennia of hours, and Python's locks wait for no more than some centuries.
_LONGEST_WAIT_SECONDS: Final = 3600.0

type Happening = Callable[[], None]


class Schedule:
    """Plays what is due, one after another, in the order of its moments; `speed` divides every delay.

    Without `start` nothing happens by itself, and `flush` plays everything there and then.
    """

    def __init__(self, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._speed = speed
        self._monotonic = monotonic
        self._due: list[tuple[float, int, Happening]] = []
        self._order = itertools.count()
        self._changed = Condition()
        self._busy = False
        self._ended = False
        self._thread: Thread | None = None

    @property
    def pending(self) -> int:
        """How much is yet to happen."""
        with self._changed:
            return len(self._due) + self._busy

    @property
    def full(self) -> bool:
        """Whether no more mail should be taken."""
        return self.pending >= MOST_PENDING

    def after(self, seconds: float, happening: Happening) -> None:
        """Has something happen."""
        with self._changed:
            heapq.heappush(self._due, (self._monotonic() + seconds / self._speed, next(self._order), happening))
            self._changed.notify_all()

    def start(self) -> None:
        """Begins to play."""
        self._thread = Thread(target=self._play, name="schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends; what is still to happen never does."""
        with self._changed:
            self._ended = True
            self._due.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def flush(self) -> None:
        """Plays all there is, whenever it is due, and returns when it has happened."""
        while (happening := self._take(at_once=True)) is not None:
            self._do(happening)

    def forget(self) -> None:
        """Nothing of what is pending shall happen."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)
            self._due.clear()

    def _play(self) -> None:
        while (happening := self._take(at_once=False)) is not None:
            self._do(happening)

    def _take(self, *, at_once: bool) -> Happening | None:
        with self._changed:
            while True:
                # One at a time, so that the order is that of the moments also when two threads play.
                self._changed.wait_for(lambda: not self._busy or self._ended)
                if self._ended or (at_once and not self._due):
                    return None
                wait = self._due[0][0] - self._monotonic() if self._due else None
                if at_once or (wait is not None and wait <= 0):
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._changed.wait(None if wait is None else min(wait, _LONGEST_WAIT_SECONDS))

    def _do(self, happening: Happening) -> None:
        try:
            happening()
        except Exception as error:  # noqa: BLE001 -- whatever went wrong with one event, the others are to happen
            sys.stderr.write(f"An event was lost: {type(error).__name__}\n")
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
