"""How good the translations are: sacreBLEU, chrF, exact match, token accuracy, BLEU by source length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch.nn import functional as F

from attnbench.models.decoding import Search
from attnbench.models.model import Model
from attnbench.record import LengthBin, Quality, Sample
from attnbench.tasks.batches import Batches
from attnbench.tasks.task import PAD, Task

RESAMPLES = 1000  # of the bootstrap: sacreBLEU's own default
BINS = 4  # of source length, about as many sentences in each


@dataclass(frozen=True)
class Evaluation:
    """What of the test set is kept in the record."""

    samples: int  # translations
    alignments: int  # sentences of which it is kept where the model looks


@dataclass(frozen=True)
class TokenStatistics:
    """Under teacher forcing: cross-entropy in nats a token, and the share of tokens whose arg max is right."""

    loss: float
    accuracy: float


def translate_all(model: Model, task: Task, batches: Batches, search: Search) -> list[str]:
    """The best translations of a whole set, in its order."""
    model.eval()
    texts = [""] * len(batches.source)
    for batch in batches.in_order():
        for row, hypotheses in zip(batch.rows, search(model, batch.source, batch.lengths), strict=True):
            texts[row] = task.target.decode(hypotheses[0].ids)
    return texts


@torch.no_grad()
def token_statistics(model: Model, batches: Batches) -> TokenStatistics:
    """Loss and accuracy over a whole set."""
    model.eval()
    loss = correct = tokens = 0
    for batch in batches.in_order():
        logits = model(batch.source, batch.lengths, batch.target).logits.float()
        loss += F.cross_entropy(
            logits.flatten(0, 1), batch.expected.flatten(), ignore_index=PAD, reduction="sum"
        ).item()
        correct += int(((logits.argmax(-1) == batch.expected) & (batch.expected != PAD)).sum())
        tokens += batch.target_tokens
    return TokenStatistics(loss / tokens, correct / tokens)


def corpus_bleu(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> float:
    """sacreBLEU's corpus BLEU, 0 to 100."""
    return _bleu(options).corpus_score(translations, [references]).score


def exact_match(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> float:
    """The share of translations that are their reference word for word, 0 to 1; without regard to case as BLEU is."""
    if options.get("lowercase"):
        translations, references = [text.lower() for text in translations], [text.lower() for text in references]
    pairs = zip(translations, references, strict=True)
    return sum(text.split() == reference.split() for text, reference in pairs) / len(references)


def evaluate(model: Model, task: Task, batches: Batches, search: Search, samples: int) -> tuple[Quality, list[str]]:
    """Quality of a model on the test set, and its translations in the set's order.

    Args:
        model: to be judged.
        task: whose `test` is translated.
        batches: of `task.test`.
        search: makes the translations.
        samples: how many translations to keep in the record, evenly spread over the set.
    """
    translations = translate_all(model, task, batches, search)
    statistics = token_statistics(model, batches)
    references = [pair.target for pair in task.test]
    bleu, low, high, signature = _bleu_interval(translations, references, task.bleu)
    chrf = CHRF(lowercase=task.bleu.get("lowercase", False))
    quality = Quality(
        sentences=len(references),
        bleu=bleu,
        bleu_low=low,
        bleu_high=high,
        bleu_signature=signature,
        chrf=chrf.corpus_score(translations, [references]).score,
        chrf_signature=str(chrf.get_signature()),
        exact_match=exact_match(translations, references, task.bleu),
        token_accuracy=statistics.accuracy,
        loss=statistics.loss,
        by_length=_by_length([len(ids) - 1 for ids in batches.source], translations, references, task.bleu),
        samples=[
            Sample(task.test[row].source, references[row], translations[row])
            for row in np.linspace(0, len(references) - 1, min(samples, len(references))).astype(int)
        ],
    )
    return quality, translations


def _bleu(options: dict[str, Any]) -> BLEU:
    # trg_lang only picks a tokeniser, which `options` names; force hushes a hint about tokenised input.
    return BLEU(**options, force=True)


def _bleu_interval(
    translations: Sequence[str], references: Sequence[str], options: dict[str, Any]
) -> tuple[float, float, float, str]:
    """BLEU, the bounds of its 95 % bootstrap interval over sentences (Koehn 2004), and the signature."""
    metric = _bleu(options)
    score = metric.corpus_score(translations, [references], n_bootstrap=RESAMPLES)
    # sacreBLEU centres its interval on the resamples' mean; the score itself may lie off that.
    mean, half = (getattr(score, name, score.score if name == "_mean" else 0.0) for name in ("_mean", "_ci"))
    low, high = min(mean - half, score.score), max(mean + half, score.score)
    return score.score, max(0.0, low), min(100.0, high), str(metric.get_signature())


def _by_length(
    lengths: Sequence[int], translations: Sequence[str], references: Sequence[str], options: dict[str, Any]
) -> list[LengthBin]:
    starts = np.unique(np.quantile(lengths, np.arange(BINS) / BINS).round().astype(int))
    bins = []
    for low, end in zip(starts, [*starts[1:], max(lengths) + 1], strict=True):
        rows = [row for row, length in enumerate(lengths) if low <= length < end]
        if rows:
            bleu, bleu_low, bleu_high, _ = _bleu_interval(
                [translations[row] for row in rows], [references[row] for row in rows], options
            )
            bins.append(LengthBin(int(low), int(end) - 1, len(rows), bleu, bleu_low, bleu_high))
    return bins
