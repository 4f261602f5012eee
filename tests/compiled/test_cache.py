"""A process that compiles a loop computes the same digits as one that reads it from numba's cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import hashlib
import numpy as np
import torch
from attnbench.attention.kernels import additive_far_loops, additive_loops
from attnbench.compiled import loops
from attnbench.compiled.recurrence import Weights, gru

torch.manual_seed(1)
torch.set_num_threads(1)
given = [torch.randn(size) for size in [(24, 9), (24, 8), (24,), (24,)]]
results = [gru(torch.randn(5, 7, 9), torch.zeros(5, 8), Weights(*given), backward=False)]
logits, losses, expected = torch.randn(100, 97), torch.zeros(100), torch.randint(97, (100,))
arrays = [each.numpy() for each in (logits, expected, losses)]
loops.logits_to_gradient(*arrays, np.float32(0.1), np.float32(0.01))
results += [logits, losses]
queries, keys, weights = torch.rand(4, 9, 8), torch.rand(4, 8, 11), torch.randn(2, 8)
scores = additive_loops.scores(queries, keys, weights)
gradients = additive_loops.gradients(queries, keys, scores, weights)
operands = 40 * queries - 20, 20 - 40 * keys, torch.ones(queries.shape, dtype=torch.bool)
additive_far_loops.add_scores(operands, weights, scores)
additive_far_loops.add_gradients(operands, weights, scores, gradients)
results += [scores, *gradients]
print(hashlib.sha256(b"".join(each.detach().numpy().tobytes() for each in results)).hexdigest())
"""


@pytest.mark.slow
def test_compiled_now_or_before_gives_the_same_digits(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT]
    first, second = (subprocess.check_output(command, env=environment, text=True) for _ in range(2))
    assert first == second
    assert list(tmp_path.rglob("*.nbc"))
