"""The rule of three."""

import numpy as np
import pytest

from attnbench.quality.sample_size import FEWEST_SENTENCES, unseen


@pytest.mark.parametrize(("sentences", "share"), [(1, 0.95), (20, 0.139), (100, 0.0295), (3000, 0.000998)])
def test_what_the_sample_may_have_missed(sentences: int, share: float) -> None:
    assert unseen(sentences) == pytest.approx(share, rel=5e-3)


def test_a_kind_of_that_share_is_missed_in_one_of_twenty_samples() -> None:
    found = np.random.default_rng(0).binomial(FEWEST_SENTENCES, unseen(FEWEST_SENTENCES), 20_000)
    assert np.mean(found == 0) == pytest.approx(0.05, abs=0.005)
