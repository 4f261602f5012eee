"""attnbench: what does this attention mechanism buy me, and what does it cost?"""

import os

__version__ = "0.1.0"

# torch reads both when it is imported. Without them, the profiler would print lines at each measurement of memory.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
