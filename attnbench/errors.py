"""The exceptions that mean: the user can put this right."""

import traceback


class UserError(ValueError):
    """Bad input. The message names the key, the value, and what would be right; it is shown without a traceback."""


class UnavailableError(UserError):
    """Nothing is misspelt, yet this cannot be had here: a kernel that cannot compute it, a package not installed."""


def in_one_line(error: BaseException) -> str:
    """What went wrong, without the traceback."""
    if isinstance(error, UserError):
        return str(error)
    return " ".join(traceback.format_exception_only(error)[-1].split())
