"""The tests. One thread each: their arrays are too small for two threads, which on busy cores wait for each other."""

import os

# numpy reads it when it is imported, so it is set before the first import of numpy.
os.environ["OMP_NUM_THREADS"] = "1"
