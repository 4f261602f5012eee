"""The media of a W&B run: alignments, translations, cost curves, and those of a report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from attnbench import record
from attnbench.tracking.heat_map import heat_map
from attnbench.tracking.tracker import RunDescription
from tests.tracking.run_files import Kept, kept
from tests.tracking.test_wandb_tracker import ALIGNMENT, OFFLINE, QUALITY, RECORD, told, track


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("media") / "job"
    track(folder, 1)
    return kept(folder)


def test_a_report_is_a_run_with_page_figures_and_table(tmp_path: Path) -> None:
    (folder := tmp_path / "report").mkdir()
    (folder / "index.html").write_text("<p>page")
    for name in ("figures", "tables"):
        (folder / name).mkdir()
    Image.new("RGB", (2, 2)).save(folder / "figures" / "bleu.png")
    (folder / "tables" / "quality.csv").write_text("Mechanism,BLEU,Δ BLEU\n" + '"dot, soft",3.5,-1.25\nadd,4.75,\n')
    (own := tmp_path / "own").mkdir()
    with OFFLINE(RunDescription("report of s", "s", "report", {}, {}, None), own) as run:
        run.report(folder)
    found = kept(own)
    assert found.run.job_type == "report"
    assert "<p>page" in found.media("report").read_text()
    assert found.media("figures/bleu").suffix == ".png"
    table = json.loads(found.media("quality").read_text())
    assert (table["columns"], table["data"]) == (
        ["Mechanism", "BLEU", "Δ BLEU"],
        [["dot, soft", 3.5, -1.25], ["add", 4.75, None]],
    )
    assert found.summary["gain/dot, soft"] == -1.25
    assert not any("add" in name for name in found.summary)


def test_translations_are_a_table(tmp_path: Path) -> None:
    sample = record.TranslationSample("a b", "x y", "x z")
    with OFFLINE(told("job"), tmp_path) as run:
        run.result(replace(RECORD, quality=replace(QUALITY, samples=[sample])))
    table = json.loads(kept(tmp_path).media("translations").read_text())
    assert (table["columns"], table["data"]) == (["source", "reference", "translation"], [["a b", "x y", "x z"]])


def test_the_cost_curves_are_a_table(job: Kept) -> None:
    scaling = json.loads(job.media("scaling/points").read_text())
    assert scaling["columns"][:5] == ["length", "passes", "status", "ms", "ms_q1"]
    assert [row[:4] for row in scaling["data"]] == [
        [16, "forward+backward", "measured", 1.5],
        [32, "forward+backward", "measured", 6.0],
        [64, "forward", "over_budget", None],
    ]


def test_alignments_are_images_with_captions(job: Kept) -> None:
    row = next(row for row in job.history if "alignments/filenames" in row)
    with Image.open(job.folder / "files" / row["alignments/filenames"][0]) as image:
        assert image.size == heat_map(ALIGNMENT).size
    assert row["alignments/captions"] == ["$a$ \\frac 狗 → x y (attention, mean of layers and heads)"]


def test_gold_links_have_a_frame() -> None:
    assert heat_map(replace(ALIGNMENT, gold=[(0, 1)])).tobytes() != heat_map(ALIGNMENT).tobytes()


def test_without_attention_the_image_is_of_the_implicit_weights() -> None:
    explicit = replace(ALIGNMENT, weights=[[ALIGNMENT.implicit]])
    assert heat_map(replace(ALIGNMENT, weights=[])).tobytes() == heat_map(explicit).tobytes()


@pytest.mark.filterwarnings("error")
def test_a_heat_map_shows_the_mean_of_layers_and_heads() -> None:
    areas = {shade: area for area, shade in heat_map(ALIGNMENT).convert("L").getcolors() or []}
    whole, half, none = areas[43], areas[158], areas[250]  # the colours of the weights 1, 0.5 and 0, as grey
    assert half / whole == pytest.approx(2, rel=0.15)
    assert none / whole == pytest.approx(3, rel=0.15)


def test_what_a_job_does_not_measure_is_left_out(tmp_path: Path) -> None:
    with OFFLINE(told("cost"), tmp_path) as run:
        run.result(replace(RECORD, training=None, quality=None, scaling=None, alignments=[]))
    assert kept(tmp_path).exit_code == 0
    assert not [*tmp_path.glob("wandb/*/files/media/*")]
