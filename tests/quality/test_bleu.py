"""The interval of BLEU in a record."""

import pytest

from attnbench.quality.bleu import bleu_interval, bleu_statistics, corpus_bleu
from attnbench.quality.sample_size import FEWEST_SENTENCES

TEXT = "one two three four five"


@pytest.mark.parametrize("sentences", [1, FEWEST_SENTENCES - 1])
def test_a_small_test_set_has_no_interval(sentences: int) -> None:
    assert bleu_interval(["six"] * sentences, [TEXT] * sentences, {})[:3] == (0.0, None, None)


def test_sentences_that_are_all_wrong_or_all_right_are_not_certain() -> None:
    # None of 100 sentences is different: at most 3 % of all sentences are, by the rule of three.
    assert bleu_interval(["six"] * 100, [TEXT] * 100, {})[:3] == pytest.approx((0, 0, 2.95), abs=0.01)
    assert bleu_interval([TEXT] * 100, [TEXT] * 100, {})[:3] == pytest.approx((100, 97.05, 100), abs=0.01)


@pytest.mark.parametrize("tokenize", ["13a", "intl", "zh", "none"])
def test_an_unknown_word_is_one_token(tokenize: str) -> None:
    words = [[f"word{(7 * line + place) % 97}" for place in range(20)] for line in range(50)]
    references = [" ".join(line) + ", ." for line in words]
    wrong, unknown = (
        [" ".join([*line[:9], other, *line[10:]]) + ", ." for line in words] for other in ("wrong", "<unk>")
    )
    options = {"tokenize": tokenize}
    assert corpus_bleu(unknown, references, options) == corpus_bleu(wrong, references, options) < 95
    assert bleu_statistics(unknown, references, options) == bleu_statistics(wrong, references, options)
    assert bleu_interval(unknown, references, options) == bleu_interval(wrong, references, options)
