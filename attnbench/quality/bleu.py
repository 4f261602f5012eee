"""BLEU by sacreBLEU: of a corpus, with its bootstrap interval, and the statistics of each sentence.

An unknown word, `<unk>`, is one token. The tokenisers of sacreBLEU would make three of it.
"""

from collections.abc import Sequence
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from attnbench.quality.sample_size import FEWEST_SENTENCES, unseen
from attnbench.tasks.task import SPECIALS, UNK

MOST = 100.0  # BLEU
RESAMPLES = 1000  # of the bootstrap: sacreBLEU's own default
UNKNOWN = "\ufffd"  # in the place of `<unk>`: one character that no tokeniser splits


def corpus_bleu(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> float:
    """sacreBLEU's corpus BLEU, 0 to 100."""
    return _bleu(options).corpus_score(as_scored(translations), [as_scored(references)]).score


def as_scored(texts: Sequence[str]) -> list[str]:
    """The texts with one character for each unknown word."""
    return [text.replace(SPECIALS[UNK], UNKNOWN) for text in texts]


def bleu_interval(
    translations: Sequence[str], references: Sequence[str], options: dict[str, Any]
) -> tuple[float, float | None, float | None, str]:
    """BLEU, the bounds of its 95 % bootstrap interval over sentences (Koehn 2004), and the signature.

    The interval is not narrower than the sentences allow that are not in the test set; see `unseen`. A test set that is
    too small has none.
    """
    metric, sentences = _bleu(options), len(references)
    translations, references = as_scored(translations), as_scored(references)
    if sentences < FEWEST_SENTENCES:
        score = metric.corpus_score(translations, [references])
        return score.score, None, None, str(metric.get_signature())
    score = metric.corpus_score(translations, [references], n_bootstrap=RESAMPLES)
    # sacreBLEU centres its interval on the mean of the resamples; the score itself may be outside.
    mean, half = (getattr(score, name, score.score if name == "_mean" else 0.0) for name in ("_mean", "_ci"))
    least = MOST * unseen(sentences)
    low, high = min(mean - half, score.score - least), max(mean + half, score.score + least)
    return score.score, max(0.0, low), min(MOST, high), str(metric.get_signature())


def bleu_statistics(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> list[list[int]]:
    """The statistics from which corpus BLEU is summed, a row for each sentence; see `record.Quality`."""
    # The effective order changes only the score of a sentence, which is not used. Without it there is a warning.
    metric = _bleu(options | {"effective_order": True})
    pairs = zip(as_scored(translations), as_scored(references), strict=True)
    scores = [metric.sentence_score(text, [reference]) for text, reference in pairs]
    return [[score.sys_len, score.ref_len, *score.counts, *score.totals] for score in scores]


def _bleu(options: dict[str, Any]) -> BLEU:
    # trg_lang only chooses a tokeniser, which `options` names. force suppresses a hint about tokenised input.
    return BLEU(**options, force=True)
