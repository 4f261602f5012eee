"""The warnings of a job, for its record."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from attnbench.errors import in_one_line


@contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Gives a list. While the context lasts, it gets what attnbench logs as a warning or an error, each text once."""
    logger, keeper = logging.getLogger("attnbench"), _Keeper(logging.WARNING)
    logger.addHandler(keeper)
    try:
        yield keeper.texts
    finally:
        logger.removeHandler(keeper)


class _Keeper(logging.Handler):
    """Keeps each text in one line, with the error but without its traceback. The log has the traceback."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        if record.exc_info and record.exc_info[1]:
            text = f"{text}: {in_one_line(record.exc_info[1])}"
        if text not in self.texts:
            self.texts.append(text)
