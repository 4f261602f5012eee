"""Trackers, which mirror a job's curves and results. W&B is known only here."""
