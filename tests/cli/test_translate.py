"""Translation of lines with untrained checkpoints: lines, search, words."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from attnbench.cli import translate
from attnbench.models.decoding import Beam, Greedy, Hypothesis
from attnbench.models.model import Model
from attnbench.quality.alignment import attention_weights
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.tasks.task import EOS
from attnbench.tasks.vocabulary import WordVocabulary, sentencepiece
from attnbench.training import checkpoint
from tests.cli.command_line import ROOT, here, start
from tests.cli.untrained_job import LETTERS, LINES, Job

BEAM = Beam(size=4, length_penalty=0.6, n_best=1)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(tmp_path_factory.mktemp("jobs") / "greedy", "heads=2")


@pytest.mark.parametrize(("size", "window"), [("64", 20), ("2", 1), ("1", 2)])
def test_each_line_is_answered_by_its_own_in_its_place(
    job: Job, size: str, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate, "WINDOW", window)
    ended = job.translate(f"batch_size={size}")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.split("\n") == [*job.texts(Greedy()), ""]
    assert len(set(ended.out.split("\n"))) > 4


def test_ends_of_lines_and_a_byte_order_mark_are_no_text(job: Job) -> None:
    (job.folder / "dos").write_bytes("\ufeffa b\r\nc\r\n".encode())
    ended = here(job.folder, "translate", "run=.", "input=dos", "output=out", "device=cpu")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert (job.folder / "out").read_text().splitlines() == job.texts(Greedy(), ["a b", "c"])


def test_the_search_is_that_of_the_evaluation_unless_another_is_named(job: Job, tmp_path: Path) -> None:
    beamed = Job(tmp_path / "beamed", "heads=2", "search=beam", "search.size=4")
    greedy, beam = beamed.texts(Greedy()), beamed.texts(BEAM)
    assert greedy != beam
    assert beamed.translate().out.splitlines() == beam
    assert beamed.translate("search=greedy").out.splitlines() == greedy
    assert job.translate("search=beam", "search.size=4").out.splitlines() == job.texts(BEAM)


def test_several_translations_a_line_are_rows_of_a_table(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "WINDOW", 1)
    wanted = ("search=beam", "search.n_best=3", "search.length_penalty=1", "alignments=links")
    ended = job.translate(*wanted, "batch_size=2")
    rows = [row.split("\t") for row in ended.out.removesuffix("\n").split("\n")]
    assert len((job.folder / "links").read_text().split("\n")) == len(rows) + 1
    for number, line in enumerate(LINES, start=1):
        found = [row[1:] for row in rows if row[0] == str(number)]
        if not line.strip():
            assert found == [["1", "0.0000", ""]]
            continue
        expected = job.hypotheses(Beam(size=5, length_penalty=1.0, n_best=3), line)
        assert len(found) == 3
        for rank, (row, (ids, score)) in enumerate(zip(found, expected, strict=True), start=1):
            assert row == [str(rank), f"{score:.4f}", job.vocabulary.decode(ids)]


def test_white_space_inside_a_word_ends_neither_a_line_nor_a_cell(tmp_path: Path) -> None:
    odd = Job(tmp_path / "job", vocabulary=WordVocabulary(["a\tb\rc\u2028d"]))
    assert "\t" in odd.texts(Greedy(), ["a"])[0]
    assert len(odd.translate(lines=["a"]).out.splitlines()) == 1
    rows = odd.translate("search=beam", "search.n_best=3", lines=["a"]).out.splitlines()
    assert [row.count("\t") for row in rows] == [3, 3, 3]


@pytest.mark.parametrize("overrides", [["model=rnn", "heads=2"], ["model=transformer", "heads=2"]])
def test_words_are_linked_by_the_mean_of_layers_and_heads(overrides: list[str], tmp_path: Path) -> None:
    made, lines = Job(tmp_path / "job", *overrides), [line.replace("\u2028", " ") for line in LINES]
    ended = made.translate("alignments=links", lines=lines)
    assert (ended.status, ended.err) == (0, "")
    for line, links in zip(lines, (tmp_path / "job" / "links").read_text().split("\n"), strict=False):
        expected = []
        if line.strip():
            ids = made.hypotheses(Greedy(), line)[0].ids
            weights = attention_weights(made.model, [*made.vocabulary.encode(line), EOS], [*ids, EOS])
            assert weights is not None
            looks = weights.mean((0, 1)).argmax(-1).tolist()[:-1]
            expected = [f"{s}-{t}" for t, s in enumerate(looks) if s < len(line.split())]
        assert links == " ".join(expected)


def test_links_of_subwords_are_between_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = ["unbelievably long words", "words", "the longest of long words, unbelievably"]
    pieces = sentencepiece(lines, size=25, coverage=1.0, lowercase=False, tokenized=False)
    made = Job(tmp_path / "job", vocabulary=pieces)
    ended = made.translate("alignments=links", lines=lines)
    found = (tmp_path / "job" / "links").read_text().splitlines()
    assert any(found)
    for line, text, links in zip(lines, ended.out.splitlines(), found, strict=True):
        assert len(pieces.encode(line)) > len(line.split())
        pairs = [tuple(map(int, link.split("-"))) for link in links.split()]
        assert all(source < len(line.split()) and target < len(text.split()) for source, target in pairs)
        assert [target for _, target in pairs] == sorted({target for _, target in pairs})


BAD = [b"a b", b"a\xff", b"c " * 40, b"", b"c"]  # the second is not UTF-8, the third is too long for a short table


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job whose model reads 20 tokens at most."""
    learned = ("model=transformer", "positions=learned", "positions.longest=20")
    made = Job(tmp_path_factory.mktemp("jobs") / "short", *learned)
    (made.folder / "bad").write_bytes(b"\n".join(BAD))
    return made


def test_a_line_that_cannot_be_translated_is_empty_and_told(short: Job) -> None:
    ended = short.translate("input=bad", "output=out", "alignments=links")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "attnbench: input=bad, line 2: not UTF-8 (invalid start byte); save it as UTF-8",
        "attnbench: input=bad, line 3: has 41 tokens, with its end; this model reads at most 20; cut it into shorter "
        "lines",
        "attnbench: 2 of 5 lines could not be translated",
    ]
    first, last = short.texts(Greedy(), ["a b", "c"])
    assert (short.folder / "out").read_text() == f"{first}\n\n\n\n{last}\n"
    links = (short.folder / "links").read_text().split("\n")
    assert [bool(line) for line in links] == [True, False, False, False, True, False]


def test_a_line_that_cannot_be_translated_is_a_row_without_a_score(short: Job) -> None:
    rows = short.translate("input=bad", "search=beam", "search.n_best=2", "search.size=2").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["1", "1", "2", "3", "4", "5", "5"]
    assert rows[2:5] == ["2\t1\tnan\t", "3\t1\tnan\t", "4\t1\t0.0000\t"]


def test_the_earlier_file_stays_if_a_line_stops_the_command(short: Job) -> None:
    (short.folder / "out").write_text("yesterday")
    ended = short.translate("input=bad", "output=out", "on_error=stop")
    kept = short.folder / "out.partial"
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("attnbench: input=bad, line 2: not UTF-8")
    assert line.endswith(f"; what was done is in {kept}")
    assert (short.folder / "out").read_text() == "yesterday"
    assert kept.read_text() == short.texts(Greedy(), ["a b"])[0] + "\n"


def test_lines_that_are_too_many_for_the_memory_are_translated_in_parts(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, search = job.texts(Greedy()), Greedy.__call__

    def small(self: Greedy, model: Model, source: torch.Tensor, lengths: torch.Tensor) -> list[list[Hypothesis]]:
        if len(source) > 2 or source.shape[1] > 5:
            raise torch.OutOfMemoryError
        return search(self, model, source, lengths)

    monkeypatch.setattr(Greedy, "__call__", small)
    ended = job.translate()
    assert ended.err.splitlines() == [
        "attnbench: input=lines, line 6: out of memory; cut it into shorter lines",
        "attnbench: 1 of 8 lines could not be translated",
    ]
    assert ended.out.splitlines() == [*texts[:5], "", *texts[6:]]


def test_a_model_without_attention_is_aligned_by_its_gradients_only(tmp_path: Path) -> None:
    made = Job(tmp_path / "job", "decoder=none")
    ended = made.translate("alignments=links", "output=out")
    assert (ended.status, ended.out) == (2, "")
    assert (
        ended.err == "attnbench: alignments: this model has no attention; add implicit=true to align by its gradients\n"
    )
    assert not (made.folder / "out").exists()
    assert made.translate("alignments=links", "implicit=true").status == 0
    ids = made.hypotheses(Greedy(), LINES[0])[0].ids
    looks = implicit_weights(made.model, [*LETTERS.encode(LINES[0]), EOS], [*ids, EOS]).argmax(-1).tolist()[:-1]
    first = (made.folder / "links").read_text().splitlines()[0]
    assert first.split() == [f"{s}-{t}" for t, s in enumerate(looks) if s < 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("input=nowhere", "input=nowhere: No such file or directory; name a text file in UTF-8, or - for"),
        ("input=bad on_error=stop", r"input=bad, line 2: not UTF-8 \(.*\); save it as UTF-8"),
        ("input=lines output=hard", "output=hard: is the input already; name another file"),
        ("output=null", "output=None: must be a path"),
        ("output=5", r"output=5: must be a path; .* begins with \./"),
        ("on_error=wait", "on_error=wait: must be skip or stop"),
        ("output=no/where", "output=no/where: No such file or directory; name a file that can be written"),
        ("output=lines", "output=lines: is the input already; name another file"),
        ("output=x alignments=./x", "alignments=./x: is the output already; name another file"),
        ("batch_size=0", "batch_size=0: must be a whole number of 1 or more"),
        ("implicit=maybe", "implicit=maybe: must be true or false"),
        ("search.size=3", r"search\.size=3: not a key of the chosen search, only of search=beam"),
        ("search=beam search.size=two", r"search\.size=two: must be a whole number"),
        ("search=beam search.n_best=6", r"search\.n_best=6: must be from 1 to search\.size=5"),
    ],
)
def test_one_line_says_what_is_right(job: Job, arguments: str, message: str) -> None:
    (job.folder / "bad").write_bytes(b"a\n\xff\n")
    if not (job.folder / "hard").exists():
        (job.folder / "lines").touch()
        (job.folder / "hard").hardlink_to(job.folder / "lines")
    ended = job.translate(*arguments.split())
    assert (ended.status, ended.out) == (2, job.texts(Greedy(), ["a"])[0] + "\n" if "stop" in arguments else "")
    (line,) = ended.err.splitlines()
    assert re.match(f"attnbench: {message}", line), line


def test_a_checkpoint_of_another_version_is_refused_in_one_line(tmp_path: Path) -> None:
    job = Job(tmp_path / "job")
    kept = checkpoint.load(job.folder / checkpoint.NAME)
    kept.config["model"]["decoder"]["_target_"] = "attnbench.gone.Luong"
    checkpoint.save(kept, job.folder / checkpoint.NAME)
    ended = job.translate()
    assert ended.status == 2
    assert ended.err == (
        "attnbench: run=.: its checkpoint is of another version of attnbench; there is no attnbench.gone.Luong here; "
        "train again\n"
    )


def test_a_closed_standard_input_is_not_taken_for_an_empty_one(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ended = here(job.folder, "translate", "run=.", "device=cpu")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "attnbench: input=-: standard input is closed; name a text file in UTF-8\n"


def test_translations_are_utf_8_wherever_they_are_printed(tmp_path: Path) -> None:
    words = Job(tmp_path / "job", vocabulary=WordVocabulary(["ö", "ß"]))
    text = words.texts(Greedy(), ["ö"])[0]
    assert not text.isascii()
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "attnbench", "translate", "run=.", "device=cpu"]
    done = subprocess.run(
        command, cwd=words.folder, env=os.environ | environment, input="ö\n".encode(), capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (f"{text}\n".encode(), b"")


def test_nobody_hears_of_a_reader_who_has_enough(job: Job) -> None:
    with start(job.folder, "translate", "run=.", "device=cpu", "batch_size=1") as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write("a b\n" * 1000)
        process.stdin.close()
        assert process.stdout.readline() == f"{job.texts(Greedy(), ['a b'])[0]}\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
