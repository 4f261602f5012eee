"""The report's tables, each from the study's frames or from the statistics in `attnbench.report.analysis`."""
