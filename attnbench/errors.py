"""The one exception that means: the user can put this right."""


class UserError(ValueError):
    """Bad input. The message names the key, the value, and what would be right; it is shown without a traceback."""
