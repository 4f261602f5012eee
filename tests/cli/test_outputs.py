"""What a command writes replaces a file in the end, or leaves it as it was and keeps what was done beside it."""

import os
import stat
import threading
from pathlib import Path

import pytest

from attnbench.cli.outputs import outputs
from attnbench.errors import UserError


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(texts: dict[Path, str], fault: BaseException | None = None) -> None:
    """Writes these texts to these paths; a fault is raised before the end."""
    with outputs({f"key{number}": str(path) for number, path in enumerate(texts)}) as opened:
        for output, text in zip(opened, texts.values(), strict=True):
            output.write(text)
            output.flush()
        if fault:
            raise fault


@pytest.mark.parametrize("fault", [UserError("a fault"), KeyboardInterrupt(), SystemExit(1)])
def test_after_a_fault_the_file_is_as_before_and_what_was_done_is_named(tmp_path: Path, fault: BaseException) -> None:
    (tmp_path / "a").write_text("yesterday")
    with pytest.raises(type(fault)) as raised:
        write({tmp_path / "a": "half", tmp_path / "b": "ünd", tmp_path / "c": ""}, fault)
    assert files(tmp_path) == {"a": "yesterday", "a.partial": "half", "b.partial": "ünd"}
    assert raised.value.__notes__ == [f"what was done is in {tmp_path / 'a.partial'} and {tmp_path / 'b.partial'}"]


def test_a_file_is_replaced_in_the_end_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("yesterday")
    with outputs({"output": str(tmp_path / "a")}) as (output,):
        output.write("today\r\n")
        output.flush()
        assert (tmp_path / "a").read_text() == "yesterday"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"today\r\n"}


def test_a_link_and_the_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("yesterday")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "dangling").symlink_to(tmp_path / "b")
    write({tmp_path / "link": "today", tmp_path / "dangling": "new"})
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a").read_text() == "today"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "b").read_text() == "new"


@pytest.mark.parametrize("earlier", [True, False])
def test_of_two_files_both_are_replaced_or_none(tmp_path: Path, earlier: bool) -> None:
    if earlier:
        (tmp_path / "a").write_text("yesterday")
    with (
        pytest.raises(UserError, match=r"links=.*: Is a directory"),
        outputs({"output": str(tmp_path / "a"), "links": str(tmp_path / "b")}) as opened,
    ):
        for output in opened:
            output.write("today")
        (tmp_path / "b").mkdir()  # so that the second cannot be replaced
    (tmp_path / "b").rmdir()
    before = {"a": "yesterday"} if earlier else {}
    assert files(tmp_path) == before | {"a.partial": "today", "b.partial": "today"}


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write({tmp_path / "pipe": "text"})
    reader.join()
    assert read == ["text"] and (tmp_path / "pipe").is_fifo()


def test_a_pipe_whose_reader_has_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = threading.Thread(target=lambda: (tmp_path / "pipe").open().close())
    reader.start()
    with pytest.raises(SystemExit) as ended, outputs({"output": str(tmp_path / "pipe")}) as (output,):
        reader.join()
        output.write("text")
        output.flush()
    assert ended.value.code == 141


@pytest.mark.parametrize(
    ("place", "reason"),
    [("/dev/full", "No space left on device"), (".", "Is a directory"), ("no/where", "No such file or directory")],
)
def test_what_cannot_be_written_is_told_in_one_line(
    place: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"output={place}: {reason}"), outputs({"output": place}) as (output,):
        output.write("text")
        output.flush()
    assert files(tmp_path) == {}
