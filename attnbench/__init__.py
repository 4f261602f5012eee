"""attnbench: what does this attention mechanism buy me, and what does it cost?"""

import os

__version__ = "0.1.0"

# How long a waiting thread of OpenMP stays awake, in the units of the GNU and of the LLVM library: about 0.1 ms. By
# default it is 200 times as long for the GNU library. If another process is busy on a core, threads then wait for each
# other awake, and a training step takes up to ten times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("KMP_BLOCKTIME", "1")

# torch reads both when it is imported. Without them, the profiler would print lines at each measurement of memory.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
