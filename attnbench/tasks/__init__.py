"""What is learned: the embedded grammar, parallel corpora, and the batches made of them."""
