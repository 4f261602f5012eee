"""The tables. Each is made from the frames of the study, or from the statistics in `attnbench.report.analysis`."""
