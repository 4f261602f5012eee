"""Commands, options and overrides are told apart, in any order."""

import argparse
from pathlib import Path

import pytest

from attnbench.cli.command_line import options_parser, read
from attnbench.errors import UserError
from tests.cli.command_line import here

LINES = [
    ("", "train", []),
    ("sweep score=dot", "sweep", ["score=dot"]),
    ("score=dot sweep", "sweep", ["score=dot"]),
    ("train --config-dir {folder} score=dot", "train", ["score=dot"]),
    ("--config-dir={folder} sweep heads=4 -m score=dot", "sweep", ["heads=4", "score=dot"]),
    ("-cd {folder} score=dot cost", "cost", ["score=dot"]),
    ("~tune sweep +a.b=1", "sweep", ["~tune", "+a.b=1"]),
]


@pytest.mark.parametrize(("line", "command", "overrides"), LINES)
def test_words_stand_in_any_order(line: str, command: str, overrides: list[str], tmp_path: Path) -> None:
    found = read(line.format(folder=tmp_path).split())
    assert (found.command, found.options.overrides) == (command, overrides)
    assert found.options.config_dir in (None, str(tmp_path))


def test_a_folder_may_be_called_as_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train").mkdir()
    found = read(["--config-dir", "train", "cost"])
    assert (found.command, found.options.config_dir, found.options.overrides) == ("cost", "train", [])


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("translate run=~/a", "run='/home/é/a'"),
        ("report runs=[~/a,b]", "runs=['/home/é/a',b]"),
        ("train task.source=~/a", "task.source='/home/é/a'"),
        ("train hydra.sweep.dir=~", "hydra.sweep.dir='/home/é'"),
        ("train task.source=/data/中文.tsv", "task.source='/data/中文.tsv'"),
        ("train task.source=a~/b", "task.source=a~/b"),
    ],
)
def test_home_and_letters_of_all_scripts_are_read(given: str, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/é")
    [override] = read(given.split()).options.overrides
    assert override == taken


def test_the_home_folder_is_known_in_the_option_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "conf").mkdir()
    assert read(["--config-dir", "~/conf"]).options.config_dir == str(tmp_path / "conf")


def test_a_choice_of_an_own_folder_after_the_command(tmp_path: Path) -> None:
    (tmp_path / "conf" / "score").mkdir(parents=True)
    (tmp_path / "conf" / "score" / "mine.yaml").write_text("_target_: attnbench.attention.scores.Dot\n")
    ended = here(tmp_path, "train", "--config-dir", "conf", "score=mine", "--cfg", "job", "--package", "score")
    assert (ended.status, ended.out.splitlines()[1]) == (0, "_target_: attnbench.attention.scores.Dot")


def test_the_version_is_ours() -> None:
    from attnbench import __version__

    assert here(Path(), "train", "--version").out.startswith(f"attnbench {__version__}, hydra-core 1.3")


@pytest.mark.parametrize(
    ("line", "words"), [("attnbench train score=a", "score=additive score=average"), ("attnbench report ru", "runs=")]
)
def test_a_shell_completes_the_line_of_any_command(line: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    assert here(Path(), "-sc", "query=bash").out == f"{words}\n"


def test_the_parser_is_made_where_argparse_checks_each_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.14 does. Hydra's parser does not pass that check."""
    add = argparse.ArgumentParser.add_argument

    def check_help(parser: argparse.ArgumentParser, action: argparse.Action) -> None:
        parser._get_formatter()._expand_help(action)

    def add_checked(parser: argparse.ArgumentParser, *names: str, **options: object) -> argparse.Action:
        action = add(parser, *names, **options)  # pyright: ignore[reportArgumentType]
        parser._check_help(action)  # pyright: ignore[reportAttributeAccessIssue]
        return action

    monkeypatch.setattr(argparse.ArgumentParser, "_check_help", check_help, raising=False)
    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", add_checked)
    assert options_parser().parse_args(["-m", "score=dot"]).multirun
    with pytest.raises((TypeError, ValueError)):
        from hydra._internal.utils import get_args_parser

        get_args_parser()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UserError, match="unrecognized arguments: --nonsense; see python -m attnbench --help"):
        read(["train", "--nonsense"])
