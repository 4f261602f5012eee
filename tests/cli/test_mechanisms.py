"""The table of mechanisms says where each comes from, and the README names all of them."""

import re
from pathlib import Path

import pytest

from attnbench.cli.help import choices
from attnbench.cli.mechanisms import GROUPS, Mechanism, found, table
from tests.cli.command_line import here

ROOT = Path(__file__).parents[2]


def test_the_readme_has_every_choice_of_every_group() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M)
    listed = {group: re.findall(r"`(\w+)`", cells) for group, cells in rows}
    assert listed == {group: choices(group) for group in (*GROUPS, "task")}


def test_the_command_prints_it(tmp_path: Path) -> None:
    assert here(tmp_path, "mechanisms").out == f"{table()}\n"


@pytest.mark.parametrize("mechanism", list(found()), ids=lambda mechanism: mechanism.name)
def test_each_mechanism_says_what_it_is_and_where_it_is(mechanism: Mechanism) -> None:
    assert mechanism.formula, f"{mechanism.name}: the docstring's first paragraph is its formula, then its source"
    assert (ROOT / mechanism.file).is_file()
    assert (ROOT / mechanism.config).is_file()


def test_every_score_but_the_plain_mean_names_its_paper() -> None:
    unsourced = [one.name for one in found() if one.group in ("score", "scope") and not one.paper]
    assert unsourced == ["score=average"]
