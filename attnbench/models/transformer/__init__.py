"""The Transformer: encoder-decoder without recurrence."""

from attnbench.models.transformer.transformer import Transformer as Transformer
