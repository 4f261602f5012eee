"""Parallel corpora: where their files are, how they are read, and how they become tasks."""
