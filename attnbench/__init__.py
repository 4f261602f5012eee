"""attnbench: what does this attention mechanism buy me, and what does it cost?"""

import os

__version__ = "0.1.0"

# Both are read when torch is imported: the profiler, which measures memory, would write to the terminal at each use.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
