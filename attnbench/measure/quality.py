"""How good the translations are: sacreBLEU, chrF, exact match, token accuracy."""

import hashlib
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
from attnbench.record import Quality, Sample
from attnbench.tasks.batches import Batches
from attnbench.tasks.task import PAD, Pair, Task

RESAMPLES = 1000  # of the bootstrap: sacreBLEU's own default


@dataclass(frozen=True)
class Evaluation:
    """What of the test set is kept in the record."""

    samples: int  # translations
    alignments: int  # sentences of which it is kept where the model looks
    aligned: int  # sentences by which it is judged where the model looks


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
    """Quality of a model on a test set, and its translations in the set's order.

    Args:
        model: to be judged.
        task: whose vocabularies and BLEU are used.
        batches: of the test set.
        search: makes the translations.
        samples: how many translations to keep in the record, evenly spread over the set.
    """
    translations = translate_all(model, task, batches, search)
    statistics = token_statistics(model, batches)
    references = [pair.target for pair in batches.pairs]
    bleu, low, high, signature = _bleu_interval(translations, references, task.bleu)
    chrf = CHRF(lowercase=task.bleu.get("lowercase", False))
    quality = Quality(
        test_set=_digest(batches.pairs),
        sentences=len(references),
        source_lengths=[len(ids) - 1 for ids in batches.source],
        bleu_statistics=bleu_statistics(translations, references, task.bleu),
        bleu=bleu,
        bleu_low=low,
        bleu_high=high,
        bleu_signature=signature,
        chrf=chrf.corpus_score(translations, [references]).score,
        chrf_signature=str(chrf.get_signature()),
        exact_match=exact_match(translations, references, task.bleu),
        token_accuracy=statistics.accuracy,
        loss=statistics.loss,
        samples=[
            Sample(batches.pairs[row].source, references[row], translations[row])
            for row in np.linspace(0, len(references) - 1, min(samples, len(references))).astype(int)
        ],
    )
    return quality, translations


def bleu_statistics(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> list[list[int]]:
    """What corpus BLEU is summed from, a row a sentence; see `record.Quality`."""
    # The effective order bears on a sentence's own score alone, which is not wanted; without it there is a warning.
    metric = _bleu(options | {"effective_order": True})
    pairs = zip(translations, references, strict=True)
    scores = [metric.sentence_score(text, [reference]) for text, reference in pairs]
    return [[score.sys_len, score.ref_len, *score.counts, *score.totals] for score in scores]


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


def _digest(pairs: Sequence[Pair]) -> str:
    text = "\n".join(f"{pair.source}\t{pair.target}" for pair in pairs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
