"""The `translate` command: lines of text are translated with the checkpoint of a job."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from attnbench.cli.translator import Translation, Translator, attention
from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.quality.links import WordLinks

WINDOW = 20  # batches of lines that are sorted by length together and then written


def translate(cfg: DictConfig) -> None:
    """Translates each line of `input` into one line of `output`, in order, as the lines arrive.

    With several translations for a line, each is a row: line number, rank, score, text, separated by tabs, numbers from
    1. `alignments` then has as many lines.

    Raises:
        UserError: an invalid value, a file that cannot be read or written, or a line that is not UTF-8.
    """
    _check(cfg)
    look = (implicit_weights if cfg.implicit else attention) if cfg.alignments else None
    translator = Translator(
        Path(cfg.run), search=cfg.get("search"), batch_size=cfg.batch_size, device=build(cfg.device), look=look
    )
    with ExitStack() as stack:
        lines = enumerate(_lines(stack.enter_context(_input(cfg.input)), cfg.input), start=1)
        output = stack.enter_context(_output("output", cfg.output))
        linked = stack.enter_context(_output("alignments", cfg.alignments)) if cfg.alignments else None
        bar = stack.enter_context(tqdm(unit="line", disable=not sys.stderr.isatty() or output.isatty()))
        # At a terminal, each line is translated at once.
        size = 1 if cfg.input == "-" and sys.stdin.isatty() else WINDOW * cfg.batch_size
        while window := list(islice(lines, size)):
            numbers, texts = zip(*window, strict=True)
            for number, translations in zip(numbers, translator(texts), strict=True):
                output.write(_rows(number, translations, ranked=translator.search.n_best > 1))
                if linked:
                    linked.write("".join(_pharaoh(translation.links) for translation in translations))
            output.flush()
            bar.update(len(window))


def _rows(number: int, translations: Sequence[Translation], *, ranked: bool) -> str:
    if not ranked:
        return f"{translations[0].text}\n"
    ranks = enumerate(translations, start=1)
    return "".join(f"{number}\t{rank}\t{score:.4f}\t{text}\n" for rank, (text, score, _) in ranks)


def _pharaoh(links: WordLinks) -> str:
    return " ".join(f"{source}-{target}" for source, target in links) + "\n"


def _check(cfg: DictConfig) -> None:
    if OmegaConf.is_missing(cfg, "run"):
        raise UserError("run: missing; name the folder of a finished job, run=runs/<sweep>/<overrides>/seed=<n>")
    if not isinstance(cfg.batch_size, int) or cfg.batch_size < 1:
        raise UserError(f"batch_size={cfg.batch_size}: must be a whole number of 1 or more")
    if not isinstance(cfg.implicit, bool):
        raise UserError(f"implicit={cfg.implicit}: must be true or false")
    taken: dict[Path, str] = {}
    for key in ("input", "output", "alignments"):
        if cfg[key] in (None, "-"):
            continue
        other = taken.setdefault(Path(cfg[key]).resolve(), key)
        if other != key:
            raise UserError(f"{key}={cfg[key]}: is the {other} already; name another file")


def _input(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UserError(
            f"input={path}: {error.strerror}; name a text file in UTF-8, or - for standard input"
        ) from error


def _output(key: str, path: str) -> AbstractContextManager[TextIO]:
    if path == "-":
        return nullcontext(sys.stdout)
    try:
        return Path(path).open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"{key}={path}: {error.strerror}; name a file that can be written") from error


def _lines(file: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a file, without their line ends. A line ends at a newline only, not at other Unicode separators."""
    for number, line in enumerate(file, start=1):
        try:
            yield line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UserError(f"input={name}, line {number}: not UTF-8 ({error.reason}); save it as UTF-8") from error
