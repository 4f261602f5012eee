"""What is learned: the embedded grammar, diagnostics, parallel corpora; and the batches made of them."""
