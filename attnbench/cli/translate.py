"""The `translate` command: lines of text are translated with the checkpoint of a job."""

import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from itertools import combinations, islice
from pathlib import Path
from typing import BinaryIO

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from attnbench.cli.exits import FAILURE, die, tell
from attnbench.cli.outputs import is_regular, outputs
from attnbench.cli.translator import Translated, Translation, Translator, attention
from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.quality.links import WordLinks
from attnbench.tasks.text import as_cell

WINDOW = 20  # batches of lines that are sorted by length together and then written
FAILED = Translation("", math.nan, [])


def translate(cfg: DictConfig) -> None:
    """Translates each line of `input` into one line of `output`, in order, as the lines arrive.

    With several translations for a line, each is a row: line number, rank, score, text, separated by tabs, numbers from
    1. `alignments` then has as many lines. A line that cannot be translated has one empty translation.

    Raises:
        UserError: an invalid value, a file that cannot be read or written, or, with `on_error=stop`, a line that cannot
            be translated.
        SystemExit: with status 1 if a line could not be translated.
    """
    run, source, places = _places(cfg)
    look = (implicit_weights if cfg.implicit else attention) if cfg.alignments else None
    search, device = cfg.get("search"), build(cfg.device)
    translator = Translator(Path(run), search=search, batch_size=cfg.batch_size, device=device, look=look)
    read = failed = 0
    with ExitStack() as stack:
        lines = _lines(stack.enter_context(_input(source)), source)
        output, *linked = stack.enter_context(outputs(places))
        bar = stack.enter_context(tqdm(unit="line", disable=not sys.stderr.isatty() or output.file.isatty()))
        # At a terminal, each line is translated at once.
        size = 1 if source == "-" and sys.stdin.isatty() else WINDOW * cfg.batch_size
        while window := list(islice(lines, size)):
            for number, found in enumerate(_translated(window, translator), start=read + 1):
                if isinstance(found, UserError):
                    failed += 1
                    _refuse(f"input={source}, line {number}: {found}", cfg.on_error)
                translations = [FAILED] if isinstance(found, UserError) else found
                output.write(_rows(number, translations, ranked=translator.search.n_best > 1))
                for links in linked:
                    links.write("".join(_pharaoh(translation.links) for translation in translations))
            output.flush()
            bar.update(len(window))
            read += len(window)
    if failed:
        die(f"{failed:,} of {read:,} lines could not be translated", FAILURE)


def _refuse(message: str, on_error: str) -> None:
    if on_error == "stop":
        raise UserError(message)
    with tqdm.external_write_mode(sys.stderr):  # the bar is drawn again below the message
        tell(message)


def _translated(window: Sequence[str | UserError], translator: Translator) -> Iterator[Translated]:
    """For each line its translations, or why it has none."""
    found = iter(translator([line for line in window if isinstance(line, str)]))
    for line in window:
        yield line if isinstance(line, UserError) else next(found)


def _rows(number: int, translations: Sequence[Translation], *, ranked: bool) -> str:
    if not ranked:
        return f"{as_cell(translations[0].text)}\n"
    ranks = enumerate(translations, start=1)
    return "".join(f"{number}\t{rank}\t{score:.4f}\t{as_cell(text)}\n" for rank, (text, score, _) in ranks)


def _pharaoh(links: WordLinks) -> str:
    return " ".join(f"{source}-{target}" for source, target in links) + "\n"


def _places(cfg: DictConfig) -> tuple[str, str, dict[str, str]]:
    """The run, the input, and the outputs by key."""
    if OmegaConf.is_missing(cfg, "run"):
        raise UserError("run: missing; name the folder of a finished job, run=runs/<sweep>/<overrides>/seed=<n>")
    if not isinstance(cfg.batch_size, int) or cfg.batch_size < 1:
        raise UserError(f"batch_size={cfg.batch_size}: must be a whole number of 1 or more")
    if not isinstance(cfg.implicit, bool):
        raise UserError(f"implicit={cfg.implicit}: must be true or false")
    if cfg.on_error not in ("skip", "stop"):
        raise UserError(f"on_error={cfg.on_error}: must be skip or stop")
    places = {key: cfg[key] for key in ("run", "input", "output", "alignments")}
    if places["alignments"] is None:
        del places["alignments"]
    for key, place in places.items():
        if not isinstance(place, str):
            raise UserError(f"{key}={place}: must be a path; a path that looks like a number begins with ./")
        if place.startswith("~"):
            with suppress(RuntimeError):  # no such user
                places[key] = str(Path(place).expanduser())
    run = places.pop("run")
    _refuse_same(places)
    return run, places.pop("input"), places


def _refuse_same(places: Mapping[str, str]) -> None:
    """Refuses one file for two purposes, whatever its names."""
    files = [(key, place) for key, place in places.items() if is_regular(place)]
    for (earlier, one), (key, other) in combinations(files, 2):
        if _is_same(one, other):
            raise UserError(f"{key}={other}: is the {earlier} already; name another file")


def _is_same(one: str, other: str) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return Path(one).samefile(other)  # they may be hard links
    except FileNotFoundError:
        return False


def _input(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        if sys.stdin is None:
            raise UserError("input=-: standard input is closed; name a text file in UTF-8")
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UserError(
            f"input={path}: {error.strerror}; name a text file in UTF-8, or - for standard input"
        ) from error


def _lines(file: Iterable[bytes], name: str) -> Iterator[str | UserError]:
    """The lines of a file, without their line ends, or why they cannot be read. A line ends at a newline only, not at
    other Unicode separators.
    """
    try:
        for line in file:
            try:
                yield line.decode("utf-8-sig").rstrip("\r\n")
            except UnicodeDecodeError as error:
                yield UserError(f"not UTF-8 ({error.reason}); save it as UTF-8")
    except OSError as error:
        raise UserError(f"input={name}: {error.strerror}") from error
