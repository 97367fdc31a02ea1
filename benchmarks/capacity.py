"""What DynamoDB charges for: the sizes of items, and the units that a request consumes.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections.abc import Mapping
from typing import Any

type Item = Mapping[str, Mapping[str, Any]]

KILOBYTE = 1024
# A transaction prepares each write and then commits it. Indexes follow the commit, and cost what they cost without a transaction.
TRANSACTION = 2
# DynamoDB adds this to each item, in the table and in each index, when it bills storage.
STORED_OVERHEAD = 100


def size_of(item: Item) -> int:
    """The size of an item in bytes: its attributes' names and values."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def write_units(size: int) -> int:
    """Units for writing that many bytes: one for each kilobyte begun."""
    return max(1, -(-size // KILOBYTE))


def read_units(size: int, *, consistent: bool) -> float:
    """Units for reading that many bytes: one for each 4 KB begun, also for an item that is missing; half if it may be stale."""
    return max(1, -(-size // (4 * KILOBYTE))) * (1 if consistent else 0.5)


def _size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            # Two digits a byte, and one byte more.
            return 1 + (len(content) + 1) // 2
        case "SS":
            return sum(len(text.encode()) for text in content)
        case "L":
            return 3 + sum(1 + _size(element) for element in content)
        case _:
            raise ValueError(f"no row of ours has the type {kind}")
