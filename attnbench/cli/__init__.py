"""The command line: commands, help, messages, sweeps. Only `cli/` and `job/` know Hydra."""
