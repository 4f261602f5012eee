"""Tests of files of gold alignments: tasks that read them, and all kinds of faults."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from attnbench.errors import UserError
from attnbench.tasks.corpora.parallel import parallel
from attnbench.tasks.corpora.text_files import read_aligned, read_table
from attnbench.tasks.task import Pair
from attnbench.tasks.vocabulary import words

SOURCE, TARGET = "das ist ein Haus\n\nja\n", "this is a house\n\nyes indeed\n"


def written(folder: Path, links: str) -> tuple[Path, Path, Path]:
    """Writes the files of two sentence pairs, with a blank line between them, and the file of links."""
    paths = folder / "source", folder / "target", folder / "gold.pharaoh"
    for path, text in zip(paths, (SOURCE, TARGET, links), strict=True):
        path.write_text(text, "utf-8")
    return paths


def test_links_belong_to_their_line_also_after_lines_that_are_left_out(tmp_path: Path) -> None:
    expected = [
        Pair("das ist ein Haus", "this is a house", ((0, 0), (1, 1)), ((2, 2), (3, 3))),
        Pair("ja", "yes indeed", ((0, 1),), ((0, 0),)),
    ]
    source, target, links = written(tmp_path, "1-1 0-0 2?2 3p3\n\n0?0 0-1\n")
    assert read_aligned(source, target, links) == expected
    table = tmp_path / "table.tsv"
    table.write_text("das ist ein Haus\tthis is a house\n\nja\tyes indeed\n", "utf-8")
    assert read_table(table, (0, 1), links) == expected


def test_a_sure_link_is_not_also_possible(tmp_path: Path) -> None:
    pairs = read_aligned(*written(tmp_path, "0?0 0-0 0p0 1-1 1-1\n\n\n"))
    assert (pairs[0].links, pairs[0].possible) == (((0, 0), (1, 1)), ())
    assert (pairs[1].links, pairs[1].possible) == ((), ())  # a blank line


@pytest.mark.parametrize("white", ["\u00a0", "\u3000", "\u2028", "\u0085", "\v", "\f", "\t"])
def test_white_space_inside_a_word_does_not_shift_the_links(tmp_path: Path, white: str) -> None:
    source, target, links = (tmp_path / name for name in ("source", "target", "links"))
    source.write_text(f"  das{white}ist  ein{white}Haus {white}\n", "utf-8", newline="")
    target.write_text(f"{white} a{white}big{white}house \n", "utf-8", newline="")
    links.write_text("0-0 1-1 2?1 2-0\n", "utf-8")
    (pair,) = read_aligned(source, target, links)
    assert (pair.source, pair.target) == (f"das{white}ist  ein{white}Haus {white}", f"{white} a{white}big{white}house")
    assert (pair.links, pair.possible) == (((0, 0), (1, 1), (2, 0)), ((2, 1),))
    for link, message in (
        ("3-0", "source word 3, but the source has 3"),
        ("0-2", "target word 2, but the target has 2"),
    ):
        links.write_text(link, "utf-8")
        with pytest.raises(UserError, match=f"names {message} words"):
            read_aligned(source, target, links)


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ("0-0\n0-0\n", ": it has 2 lines for 3 sentence pairs; line i must match pair i"),
        ("\n\n\n", ": there is no link at all"),
        ("0-0\n\n0-1 1\n", ", line 3: '1' is not a link; write 3-4 for a sure one, 3?4 or 3p4 for a possible one"),
        ("0-0 0:1\n\n\n", ", line 1: '0:1' is not a link"),
        ("-1-0\n\n\n", ", line 1: '-1-0' is not a link"),
        (
            "0-0 4-1\n\n\n",
            ", line 1: 4-1 names source word 4, but the source has 4 words; words are separated",
        ),
        ("0-0\n\n0?2\n", ", line 3: 0?2 names target word 2, but the target has 2 words;"),
        ("0-0\n0-0\n\n", ", line 2: 0-0 names source word 0, but the source has 0 words;"),
    ],
)
def test_the_error_names_a_link_that_does_not_fit(tmp_path: Path, links: str, message: str) -> None:
    paths = written(tmp_path, links)
    with pytest.raises(UserError, match=re.escape(f"{paths[2]}{message}")) as caught:
        read_aligned(*paths)
    assert "\n" not in str(caught.value)


def test_the_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone: cannot be read \(No such file"):
        read_aligned(*written(tmp_path, "")[:2], tmp_path / "gone")


def test_the_links_of_a_test_set_come_with_the_task(tmp_path: Path) -> None:
    source, target, links = map(str, written(tmp_path, "0-0\n\n0-1\n"))
    own: dict[str, Any] = {
        "source": source,
        "target": target,
        "columns": (0, 1),
        "validation": {"source": source, "target": target},
        "lowercase": False,
        "tokenized": False,
        "bleu_tokenize": "13a",
        "max_length": 9,
        "segmentation": partial(words, min_count=1),
        "test_links": links,
    }
    task = parallel(test={"source": source, "target": target}, **own)
    assert task.gold == links
    assert [pair.links for pair in task.test] == [((0, 0),), ((0, 1),)]
    assert not any(pair.links for pair in [*task.train, *task.validation])
    with pytest.raises(UserError, match=r"task\.test_links=.*: needs a test set from files, test={source: FILE"):
        parallel(test=1, **own)
    own["test_links"] = None
    assert parallel(test={"source": source, "target": target}, **own).gold is None
