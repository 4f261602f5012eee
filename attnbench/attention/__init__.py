"""The object of study: no training, no files, no configuration in here."""

from attnbench.attention.layer import Attention, Memory

__all__ = ["Attention", "Memory"]
