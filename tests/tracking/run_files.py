"""The files that W&B leaves of a run, read."""

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record as Entry  # pyright: ignore[reportAttributeAccessIssue]

HEADER, BLOCK = 7, 32768  # bytes of a .wandb file: its own header, then blocks of pieces with headers as long


@dataclass(frozen=True)
class Kept:
    """What the file of one run holds."""

    folder: Path
    entries: list[Entry]

    @property
    def exit_code(self) -> int:
        return next(entry.exit.exit_code for entry in self.entries if entry.HasField("exit"))

    @property
    def run(self) -> Any:
        return next(entry.run for entry in self.entries if entry.HasField("run"))

    @property
    def config(self) -> dict[str, Any]:
        updates = [self.run.config, *(entry.config for entry in self.entries if entry.HasField("config"))]
        return {item.key: json.loads(item.value_json) for update in updates for item in update.update}

    @property
    def history(self) -> list[dict[str, Any]]:
        rows = [entry.history.item for entry in self.entries if entry.HasField("history")]
        return [{"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in row} for row in rows]

    @property
    def summary(self) -> dict[str, Any]:
        updates = [entry.summary.update for entry in self.entries if entry.HasField("summary")]
        items = [item for update in updates for item in update]
        return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}

    @property
    def metrics(self) -> list[Any]:
        return [entry.metric for entry in self.entries if entry.HasField("metric")]

    @property
    def axes(self) -> dict[str, str]:
        return {metric.glob_name or metric.name: metric.step_metric for metric in self.metrics}

    @property
    def uploads(self) -> dict[str, str]:
        """The uploaded files, without media, and when they are uploaded."""
        files = [file for entry in self.entries if entry.HasField("files") for file in entry.files.files]
        kinds = {file.path: (file.DESCRIPTOR.fields_by_name["policy"].enum_type, file.policy) for file in files}
        named = {path: kind.values_by_number[policy].name for path, (kind, policy) in kinds.items()}
        return {path: policy for path, policy in named.items() if not path.startswith("media")}

    def media(self, key: str) -> Path:
        """The file that a history row names under `key`."""
        return self.folder / "files" / next(row[f"{key}/path"] for row in self.history if f"{key}/path" in row)


def kept(job: Path) -> Kept:
    """The one run below a job's folder, once its end is written: W&B's own process does that, a moment later."""
    (path,) = job.glob("wandb/*/*.wandb")
    for _ in range(100):
        entries = [Entry.FromString(piece) for piece in pieces(path.read_bytes())]
        if any(entry.HasField("exit") for entry in entries):
            return Kept(path.parent, entries)
        time.sleep(0.1)
    raise AssertionError(f"{path}: the run was not finished")


def pieces(data: bytes) -> Iterator[bytes]:
    """The entries of a .wandb file, which is a LevelDB log behind a header."""
    offset, whole = HEADER, b""
    while offset + HEADER <= len(data):
        if BLOCK - offset % BLOCK < HEADER:
            offset += BLOCK - offset % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, offset)
        whole += data[offset + HEADER : offset + HEADER + length]
        offset += HEADER + length
        if kind in (1, 4):  # an entry in one piece, or its last piece
            yield whole
            whole = b""
