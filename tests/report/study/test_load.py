"""Records are read from anywhere, each job once. A file that is not a record is listed, and stops nothing."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from attnbench import record
from attnbench.record import Record
from attnbench.report.study.compact_record import compact
from attnbench.report.study.load import load
from attnbench.report.study.study import study
from attnbench.tracking import wandb_tracker
from tests.report import records

UNREADABLE = {
    "half": b'{"version": 3, "key',
    "empty": b"",
    "binary": b"\xff\xfe\x00",
    "older": b'{"version": 2}',
    "a list": b"[1]",
    "foreign": b'{"name": "something else"}',
}


def put(one: Record, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    record.write(one, folder / record.NAME)
    return folder / record.NAME


def in_session(one: Record, session: str, baseline: str) -> Record:
    assert one.scaling is not None
    return replace(records.cost_only(one), scaling=replace(one.scaling, session=session, baseline=baseline))


def test_what_is_no_record_is_told_and_stops_nothing(tmp_path: Path) -> None:
    good = put(records.attention(), tmp_path / "good")
    for name, content in UNREADABLE.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / record.NAME).write_bytes(content)
    ill_typed = {**asdict(records.attention("general")), "seed": "one"}
    ragged = records.attention("additive")
    assert ragged.quality is not None
    put(replace(ragged, quality=replace(ragged.quality, bleu_statistics=[[1, 2]])), tmp_path / "ragged")
    (tmp_path / "ill-typed").mkdir()
    (tmp_path / "ill-typed" / record.NAME).write_text(json.dumps(ill_typed))
    found = load([tmp_path])
    assert [each.path for each in found.entries] == [good]
    told = {Path(line.partition(":")[0]).parent.name: line for line in found.broken}
    assert set(told) == {*UNREADABLE, "ill-typed", "ragged"}
    assert "version 2; this attnbench reads version" in told["older"]
    assert "$.seed" in told["ill-typed"]
    assert all("\n" not in line for line in found.broken)


def test_a_file_is_read_once_however_it_is_named(tmp_path: Path) -> None:
    path = put(records.attention(), tmp_path / "sweep" / "job")
    found = load([tmp_path, tmp_path / "sweep", tmp_path / "sweep" / ".." / "sweep", path])
    assert len(found.entries) == 1
    assert found.outdated == []


def test_a_trackers_copies_are_passed_over(tmp_path: Path) -> None:
    put(records.attention(), tmp_path / "job" / wandb_tracker.FOLDER / "run" / "files")
    assert load([tmp_path]).entries == []


def test_of_one_job_the_newest_that_finished_counts(tmp_path: Path) -> None:
    old, new = (replace(records.attention(), started=f"2026-01-0{day}T00:00:00+00:00") for day in (1, 2))
    later = replace(records.failed(old, "killed"), started="2026-01-03T00:00:00+00:00")
    paths = [put(each, tmp_path / name) for name, each in (("a", old), ("b", new), ("c", later))]
    found = load([tmp_path])
    assert [each.path for each in found.entries] == [paths[1]]
    assert found.outdated == [paths[0], paths[2]]


def test_a_session_keeps_what_its_ratios_are_to(tmp_path: Path) -> None:
    yardstick, other = records.attention("dot"), records.attention("additive")
    old = in_session(yardstick, "first", yardstick.key)
    new = replace(in_session(yardstick, "second", yardstick.key), started="2027-01-01T00:00:00+00:00")
    for name, each in (("a", old), ("b", in_session(other, "first", yardstick.key)), ("c", new)):
        put(each, tmp_path / name)
    found = load([tmp_path])
    assert len(found.entries) == 3
    ratios = study(found.entries).scaling.dropna(subset="ms_ratio")
    assert set(ratios["mechanism"]) == {"dot", "additive"}
    assert set(ratios.loc[ratios["mechanism"] == "dot", "ms_ratio"]) == {1.0}


def test_the_bulk_of_a_record_is_set_aside_and_had_again(tmp_path: Path) -> None:
    whole = records.attention(heads=4)
    put(whole, tmp_path)
    (light,) = load([tmp_path]).entries
    assert whole.quality is not None
    assert whole.alignment is not None
    assert light.record.quality is not None
    assert (light.record.quality.bleu_statistics, light.record.alignments) == ([], [])
    here = study([light])
    quality, beyond, links = here.sentences(0), here.sentences(0, beyond=True), here.links(0)
    assert quality is not None
    assert links is not None
    assert quality.statistics.tolist() == whole.quality.bleu_statistics
    assert quality.lengths.tolist() == whole.quality.source_lengths
    assert beyond is not None
    assert links.explicit.tolist() == whole.alignment.links
    assert links.implicit.tolist() == whole.alignment.implicit_links
    assert here.sources(0) == (tuple(whole.alignments[0].source),)
    assert here.alignments(0) == whole.alignments
    (tmp_path / record.NAME).unlink()
    assert here.alignments(0) == []


@pytest.mark.parametrize("largest", [7, 2**15, 2**30])
def test_counts_are_kept_whole_however_large(largest: int) -> None:
    one = records.attention()
    assert one.quality is not None
    quality = replace(one.quality, source_lengths=[1, largest], bleu_statistics=[[largest] * 10, [0] * 10])
    found = study([compact(replace(one, quality=quality))]).sentences(0)
    assert found is not None
    assert found.lengths.tolist() == [1, largest]
    assert found.statistics.tolist() == quality.bleu_statistics
    assert found.statistics.dtype == np.int32
