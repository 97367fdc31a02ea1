"""Stored events on disk, on standard input, and in S3."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.application.replay_events import Stored
from ses_warden.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_CHUNK = 1024 * 1024
_SCHEME = "s3://"


class Files:
    """The `Sources` port: a file, or `-` for standard input."""

    def __init__(self, name: str) -> None:
        self._name = name

    def all(self) -> Iterable[Stored]:
        """See the port."""
        if self._name != "-" and not Path(self._name).is_file():
            raise StorageError(f"there is no file {self._name}")
        return [Stored("standard input" if self._name == "-" else self._name, self._read)]

    def remove(self, name: str) -> None:
        """Never: only the quarantine is emptied."""
        raise StorageError(f"{name} is not of the quarantine, and stays")

    def _read(self) -> Iterator[bytes]:
        if self._name == "-":
            yield from _chunks(sys.stdin.buffer)
            return
        try:
            with Path(self._name).open("rb") as file:
                yield from _chunks(file)
        except OSError as error:
            raise StorageError(f"it cannot be read: {error.strerror}") from error


class FileTree:
    """A file, `-` for standard input, or the files below a folder, but for hidden ones."""

    def __init__(self, name: str) -> None:
        self._name = name

    def all(self) -> Iterator[Stored]:
        """In the order of their names."""
        if self._name != "-" and Path(self._name).is_dir():
            for path in sorted(Path(self._name).rglob("*")):
                if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self._name).parts):
                    yield from Files(str(path)).all()
        else:
            yield from Files(self._name).all()


class Bucket:
    """The `Sources` port: the object of this key, or all objects whose keys begin with it."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def all(self) -> Iterator[Stored]:
        """See the port. S3 lists in the order of the keys, so that an object of the very name comes first, and is meant alone."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", ()):
                    key = one.get("Key", "")
                    if key.endswith("/"):
                        continue
                    yield Stored(f"{_SCHEME}{self._bucket}/{key}", partial(self._read, key))
                    if key == self._prefix:
                        return
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"S3 did not list {_SCHEME}{self._bucket}/{self._prefix}: {code_of(error)}") from error

    def remove(self, name: str) -> None:
        """See the port."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=name.removeprefix(f"{_SCHEME}{self._bucket}/"))
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"S3 did not delete {name}: {code_of(error)}; its events are recorded") from error

    def _read(self, key: str) -> Iterator[bytes]:
        try:
            body: Any = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            yield from body.iter_chunks(_CHUNK)
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"S3 did not hand it over: {code_of(error)}") from error


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
