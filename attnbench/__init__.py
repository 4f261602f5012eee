"""attnbench: what does this attention mechanism buy me, and what does it cost?"""

__version__ = "0.1.0"
