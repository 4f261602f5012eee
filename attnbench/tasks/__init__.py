"""The tasks that models learn (the embedded grammar, diagnostics, parallel corpora), and their batches."""
