"""BLEU from sums, against sacreBLEU."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from attnbench.quality.evaluation import bleu_statistics
from attnbench.report.statistics import corpus_bleu

WORDS = st.lists(st.sampled_from("abcde"), max_size=9).map(" ".join)


@st.composite
def sums(draw: st.DrawFn) -> list[int]:
    """Statistics of one corpus that can occur: right n-grams at most as many as all, and fewer of each higher order."""
    total = sorted(draw(st.lists(st.integers(0, 60), min_size=4, max_size=4)), reverse=True)
    correct = [draw(st.integers(0, there)) for there in total]
    return [total[0], draw(st.integers(1, 80)), *correct, *total]


@given(st.lists(sums(), min_size=1, max_size=5))
def test_equals_that_of_sums(corpora: list[list[int]]) -> None:
    expected = [BLEU.compute_bleu(s[2:6], s[6:], s[0], s[1], smooth_method="exp").score for s in corpora]
    assert corpus_bleu(np.array(corpora)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=6))
def test_equals_that_of_texts(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = zip(*pairs, strict=True)
    options = {"tokenize": "none"}
    expected = BLEU(tokenize="none", force=True).corpus_score(hypotheses, [references]).score
    statistics = np.array(bleu_statistics(hypotheses, references, options))
    assert corpus_bleu(statistics.sum(0)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_any_shape() -> None:
    perfect, wrong = [6, 6, 6, 5, 4, 3, 6, 5, 4, 3], [6, 6, 0, 0, 0, 0, 6, 5, 4, 3]
    found = corpus_bleu(np.array([[perfect, wrong, perfect], [wrong, wrong, wrong]]))
    assert found == pytest.approx(np.array([[100.0, 0.0, 100.0], [0.0, 0.0, 0.0]]))
    assert corpus_bleu(np.array(perfect)).shape == ()
