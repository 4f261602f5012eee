"""The errors that a user can correct."""

import traceback


class UserError(ValueError):
    """Bad input. The message names the key, the value, and what would be right. It is shown without a traceback."""


class UnavailableError(UserError):
    """The input is correct, but not possible here: a kernel that cannot compute it, or a package that is missing."""


def in_one_line(error: BaseException) -> str:
    """The error in one line, without the traceback."""
    if isinstance(error, UserError):
        return str(error)
    return " ".join(traceback.format_exception_only(error)[-1].split())
