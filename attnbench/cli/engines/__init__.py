"""Engines that run the jobs of a sweep: on this machine, or on many."""
