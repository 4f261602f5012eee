"""The record: reading returns what was written, and a wrong field is named."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attnbench import record
from attnbench.record import (
    VERSION,
    Alignment,
    AlignmentQuality,
    DevicePeak,
    Environment,
    HeadAlignment,
    HistoryPoint,
    Quality,
    Record,
    RecordError,
    Regression,
    Scaling,
    ScalingPoint,
    StepCost,
    StepMemory,
    Training,
    TranslationSample,
)

ENVIRONMENT = Environment("3.11", {"torch": "2"}, None, "Linux", "a chip", 2, 1, 7.5, "cpu", "a chip")
TRAINING = Training(100, 20, 1.5, 900, 3.25, 10, 7, [HistoryPoint(10, 1.0, 2.0, 2.5, 3.0)])
QUALITY = Quality(
    *("abc", 1, [4], [[5, 5, 4, 3, 2, 1, 5, 4, 3, 2]]),
    *(30.5, 28.0, 33.0, "nrefs:1", 50.0, "nrefs:1", 0.25, 0.5, 2.0),
    samples=[TranslationSample("我会说 é", 'a "quote"', "line\nbreak\u2028")],
)
POINT = ScalingPoint(8, "forward", "failed", None, None, None, None, "no", 0, False, 1.5, None, 64.0, 32.0)
SCALING = Scaling("dense", 1, 2, 4, [POINT], DevicePeak(1e9, 2e9), "a1", None)
HEADS = [HeadAlignment(0, 1, 0.5, 0.25, 0.75, None)]
FULL = Record(
    version=VERSION,
    key="abc",
    command="train",
    sweep="first",
    status="finished",
    error=None,
    factors={"score": "dot", "heads": 2, "width": 1.5, "fed": True, "none": None},
    overrides=["score=dot"],
    seed=1,
    config={"nested": {"list": [1, 2.5, None]}},
    environment=ENVIRONMENT,
    started="2026-01-01T00:00:00+00:00",
    duration_s=1.5,
    training=TRAINING,
    quality=QUALITY,
    beyond=QUALITY,
    step=StepCost(1.0, 0.9, 1.1, 7, 64, 12, 14, 1e5, 3.5, StepMemory(1, 1, 2, 4, 1, 300), 0.5),
    scaling=SCALING,
    alignment=AlignmentQuality(1, "task", [[3, 4, 2, 2]], [[3, 4, 1, 1]], 0.5, 1.5, 0.25, HEADS),
    alignments=[Alignment(["a"], ["b", "</s>"], [[[[1.0], [1.0]]]], [[1.0], [1.0]], [(0, 0)])],
    regression=Regression([0.5], [1.0], [0.0, 1.0], [0.5, 1.5], [1.0, 1.0], [[1.0], [1.0]], 0.25, 0.5, 1, None),
    warnings=["one", "two"],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / record.NAME


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The file of a full record after `change`."""
    record.write(FULL, path)
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_what_is_written_is_read_again(path: Path) -> None:
    record.write(FULL, path)
    found = record.read(path)
    assert found == FULL
    assert isinstance(found.alignments[0].gold[0], tuple)
    assert {name: type(value) for name, value in found.factors.items()} == {
        name: type(value) for name, value in FULL.factors.items()
    }
    assert [entry.name for entry in path.parent.iterdir()] == [record.NAME]


def test_what_was_not_measured_stays_none(path: Path) -> None:
    empty = replace(
        FULL,
        status="failed",
        error="no",
        training=None,
        quality=None,
        beyond=None,
        step=None,
        scaling=None,
        alignment=None,
        alignments=[],
        regression=None,
    )
    record.write(empty, path)
    assert record.read(path) == empty


def test_a_whole_number_is_a_fine_float(path: Path) -> None:
    assert record.read(rewritten(path, lambda data: data.update(duration_s=2))).duration_s == 2.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["warnings"].append(1), r"Expected `str`, got `int` - at `\$\.warnings"),
        (lambda d: d.pop("seed"), r"missing required field `seed`"),
        (lambda d: d["training"].pop("updates"), r"missing required field `updates` - at `\$\.training`"),
        (lambda d: d["training"]["history"][0].pop("update"), r"`update` - at `\$\.training\.history\[0\]`"),
        (lambda d: d.update(seed="1"), r"Expected `int`, got `str` - at `\$\.seed`"),
        (lambda d: d.update(seed=1.5), r"Expected `int`.*`\$\.seed`"),
        (lambda d: d.update(seed=True), r"Expected `int`.*`\$\.seed`"),
        (lambda d: d.update(duration_s="1"), r"Expected `float`.*`\$\.duration_s`"),
        (lambda d: d.update(duration_s=None), r"Expected `float`.*`\$\.duration_s`"),
        (lambda d: d.update(status="done"), r"Invalid enum value 'done' - at `\$\.status`"),
        (lambda d: d.update(error=3), r"Expected `str \| null`.*`\$\.error`"),
        (lambda d: d.update(training=[]), r"Expected `object \| null`.*`\$\.training`"),
        (lambda d: d.update(overrides="score=dot"), r"Expected `array`.*`\$\.overrides`"),
        (lambda d: d["factors"].update(score=["dot"]), r"got `array` - at `\$\.factors\[\.\.\.\]`"),
        (lambda d: d["alignments"][0].update(gold=[[1]]), r"`array` of length 2.*`\$\.alignments\[0\]\.gold"),
        (lambda d: d["scaling"]["points"][0].update(ms="1"), r"`float \| null`.*`\$\.scaling\.points\[0\]\.ms`"),
        (lambda d: d["quality"].update(bleu=-1), r"`float` >= 0.0 - at `\$\.quality\.bleu`"),
        (lambda d: d["quality"].update(bleu=101), r"`float` <= 100.001 - at `\$\.quality\.bleu`"),
        (lambda d: d["quality"].update(loss=None), r"`float`, got `null` - at `\$\.quality\.loss`"),  # of NaN
        (lambda d: d["quality"].update(exact_match=55), r"`float` <= 1.001 - at `\$\.quality\.exact_match`"),
        (lambda d: d["quality"].update(sentences=0), r"`int` >= 1 - at `\$\.quality\.sentences`"),
        (lambda d: d["quality"]["bleu_statistics"][0].pop(), r"length >= 10 - at `\$\.quality\.bleu_statistics\[0\]`"),
        (lambda d: d["step"].update(step_ms=0), r"`float` > 0.0 - at `\$\.step\.step_ms`"),
        (lambda d: d["scaling"]["points"][0].update(ms=-1), r"> 0.0 - at `\$\.scaling\.points\[0\]\.ms`"),
        (lambda d: d.update(version=VERSION + 1), rf"version {VERSION + 1}; this attnbench reads version {VERSION}"),
        (lambda d: d.pop("version"), r"a record of version None"),
    ],
)
def test_a_field_that_is_wrong_is_named(path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    rewritten(path, change)
    with pytest.raises(RecordError, match=message) as caught:
        record.read(path)
    assert str(path) in str(caught.value)


def test_an_older_record_has_no_warnings(path: Path) -> None:
    assert record.read(rewritten(path, lambda d: d.pop("warnings"))) == replace(FULL, warnings=[])


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1', b"\xff\xfe", b"[]", b"null", b'"text"', b"1"])
def test_garbage_is_told_by_its_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RecordError, match=record.NAME):
        record.read(path)


def test_a_file_cut_anywhere_is_no_record(path: Path) -> None:
    record.write(FULL, path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordError):
            record.read(path)


def test_a_crash_before_the_rename_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record.write(FULL, path)

    def crash(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            record.write(replace(FULL, seed=2), path)
    assert record.read(path) == FULL
    record.write(replace(FULL, seed=3), path)
    assert record.read(path).seed == 3


def test_find_answers_none_where_nothing_can_be_read(path: Path) -> None:
    assert record.find(path) is None
    path.write_text("{", encoding="utf-8")
    assert record.find(path) is None
    record.write(FULL, path)
    assert record.find(path) == FULL


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_in_json_makes_no_record(path: Path, number: str) -> None:
    record.write(FULL, path)
    path.write_text(path.read_text().replace('"duration_s":', f'"duration_s":{number},"was":'))
    with pytest.raises(RecordError, match="not a record"):
        record.read(path)
    assert record.find(path) is None


def test_rounding_is_no_fault(path: Path) -> None:
    assert FULL.quality
    edges = replace(FULL, quality=replace(FULL.quality, bleu=100.00000000000004, exact_match=1.0000000000000002))
    record.write(edges, path)
    assert record.read(path) == edges


def test_an_outline_tells_whether_a_job_is_finished(path: Path) -> None:
    assert record.outline(path) is None
    record.write(FULL, path)
    found = record.outline(path)
    assert found
    assert (found.key, found.status) == (FULL.key, FULL.status)
    rewritten(path, lambda data: data.update(version=VERSION + 1))
    assert record.outline(path) is None
    path.write_text(path.read_text()[:-9])
    assert record.outline(path) is None


def test_alignments_are_read_alone(path: Path) -> None:
    assert record.alignments(path) == []
    record.write(FULL, path)
    assert record.alignments(path) == FULL.alignments
    assert isinstance(record.alignments(path)[0].gold[0], tuple)
