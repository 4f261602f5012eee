"""Whatever numbers a record holds: it is left out with a reason, or the report is made."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench import record
from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.findings import findings
from attnbench.report.study.load import load
from attnbench.report.study.study import study
from attnbench.report.tables import alignment, cost, effects, growth, kernel_regression, pairs, quality
from tests.report import records

ODD = (0, -1, 1e300, -1e300, 5e-324, 2**70, 1e6, 0.5, "", "a\tb", None, [], {}, True)
JOBS = {
    "train": [records.attention(score, seed=seed) for score in ("dot", "general") for seed in (1, 2)],
    "cost": [records.cost_only(records.attention(score)) for score in ("dot", "general")],
    "pooling": [
        records.pooling(score, sigma, seed=seed) for score, sigma in (("a", 1.0), ("b", None)) for seed in (1, 2)
    ],
}
Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Everything in a record that can be replaced; of a list, its first two items."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*place, key))


def replaced(data: Any, place: Place, value: object) -> None:
    for key in place[:-1]:
        data = data[key]
    data[place[-1]] = value


def reported(jobs: list[dict[str, Any]]) -> list[str]:
    """Makes the findings and the tables of records in files. Returns the files that were left out."""
    with TemporaryDirectory() as folder:
        for number, job in enumerate(jobs):
            path = Path(folder, str(number), record.NAME)
            path.parent.mkdir()
            path.write_text(json.dumps(job))
        found = load([Path(folder)])
        analysis = Analysis(study(found.entries))
        findings(analysis)
        if analysis.bleu:
            tables = [quality.quality(analysis), *pairs.pairs(analysis), *quality.beyond(analysis)]
            tables += [*alignment.agreement(analysis), cost.step(analysis.study)]
            for table in tables:
                for row in table.rows:
                    assert all(column.text(cell) for column, cell in zip(table.columns, row, strict=True))
        list(effects.contrasts(analysis))
        if analysis.effects:
            list(effects.tables(analysis.effects))
        for device in dict.fromkeys(device for device, _ in analysis.curves):
            for make in (growth.exponents, growth.fits, growth.efficiency_lengths, growth.stability):
                list(make(analysis, device))
            for show in (growth.ratios, growth.costs):
                list(show(analysis.study, device))
        if not analysis.study.regressions.empty:
            kernel_regression.errors(analysis.study)
        return found.broken


def plain(jobs: list[Record]) -> list[dict[str, Any]]:
    return json.loads(msgspec.json.encode(jobs))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numpy, on numbers that are too large
@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from([*JOBS]), st.sampled_from(ODD))
def test_an_odd_value_stops_no_report(data: st.DataObject, kind: str, value: object) -> None:
    jobs = plain(JOBS[kind])
    by_name: dict[Place, list[Place]] = {}
    for place in places(jobs[0]):
        by_name.setdefault(tuple(key for key in place if isinstance(key, str)), []).append(place)
    name = data.draw(st.sampled_from([*by_name]))
    replaced(jobs[0], data.draw(st.sampled_from(by_name[name])), value)
    broken = reported(jobs)
    assert len(broken) <= 1
    assert all(str(name[0]) in line or "not a record" in line or name[0] in ("version", "started") for line in broken)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_number_that_json_does_not_have_is_left_out(number: str) -> None:
    jobs = plain(JOBS["train"])
    jobs[0]["step"]["step_ms"] = float(number)  # json writes NaN and Infinity
    assert len(reported(jobs)) == 1
