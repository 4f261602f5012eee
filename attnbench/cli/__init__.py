"""The command line: commands, help, errors that can be put right, sweeps. Knows Hydra, as `job.py` does."""
