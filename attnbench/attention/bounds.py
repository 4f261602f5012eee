"""How many positions a part of a model knows, where it has a table of them."""

from typing import NamedTuple

from attnbench.errors import UserError


class Bound(NamedTuple):
    """The number of positions in a table, and the key of the config that sets it."""

    key: str
    positions: int

    def check(self, needed: int) -> None:
        """Refuses a sentence that is longer than the table.

        Raises:
            UserError: `needed` is more than there are.
        """
        if needed > self.positions:
            raise UserError(
                f"{self.key}={self.positions}: there are {needed} positions or more; set {self.key}={needed} or more"
            )
