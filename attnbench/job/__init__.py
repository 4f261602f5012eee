"""One point of the grid: a config in, a record out. A job that trains never knows that it is part of a sweep."""

from attnbench.job.identity import PARTS, job_key
from attnbench.job.run import check, finished, run
from attnbench.job.session import Place, absent, baselines, measure_session

__all__ = ["PARTS", "Place", "absent", "baselines", "check", "finished", "job_key", "measure_session", "run"]
