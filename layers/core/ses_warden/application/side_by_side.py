"""Reads that go on at the same time, and end together."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event


def side_by_side[T, R](work: Callable[[T, Event], R], tasks: Iterable[T], *, threads: int) -> list[R]:
    """What `work` makes of each task, in their order.

    The event is set as soon as one fails, or at Ctrl-C: the pool waits for its threads, which need not read the rest of a day or of
    a table first. What those then return is dropped.
    """
    broken_off = Event()

    def run(task: T) -> R:
        try:
            return work(task, broken_off)
        except BaseException:
            broken_off.set()
            raise

    with ThreadPoolExecutor(threads, thread_name_prefix="ses-warden") as pool:
        try:
            return list(pool.map(run, tasks))
        except BaseException:
            broken_off.set()
            raise
