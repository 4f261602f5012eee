"""From records to tidy frames: which jobs, their names, their styles."""
