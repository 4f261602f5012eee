"""The evaluation of a model on a set: translations, BLEU, chrF, exact match, token accuracy."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sacrebleu.metrics.chrf import CHRF
from torch.nn import functional as F

from attnbench.models.decoding import Search
from attnbench.models.model import Model
from attnbench.quality.bleu import as_scored, bleu_interval, bleu_statistics
from attnbench.record import Quality, TranslationSample
from attnbench.tasks.batches import Batches
from attnbench.tasks.task import PAD, Pair, Task


@dataclass(frozen=True)
class EvaluationSettings:
    """What the record keeps of the test set."""

    samples: int  # translations
    alignments: int  # sentences whose weights are kept
    aligned: int  # sentences by which alignments are evaluated


@dataclass(frozen=True)
class TokenStatistics:
    """Under teacher forcing: cross-entropy in nats per token, and the share of tokens whose arg max is right."""

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


def exact_match(translations: Sequence[str], references: Sequence[str], options: dict[str, Any]) -> float:
    """The share of translations that equal their reference word for word, 0 to 1.

    Words and case are compared as in BLEU: any white space separates words there.
    """
    if options.get("lowercase"):
        translations, references = [text.lower() for text in translations], [text.lower() for text in references]
    pairs = zip(translations, references, strict=True)
    return sum(text.split() == reference.split() for text, reference in pairs) / len(references)


def evaluate(model: Model, task: Task, batches: Batches, search: Search, samples: int) -> tuple[Quality, list[str]]:
    """The quality of a model on a test set, and its translations in the order of the set.

    Args:
        model: to be evaluated.
        task: its vocabularies and its BLEU options are used.
        batches: of the test set.
        search: makes the translations.
        samples: how many translations the record keeps, spread evenly over the set.
    """
    translations = translate_all(model, task, batches, search)
    statistics = token_statistics(model, batches)
    references = [pair.target for pair in batches.pairs]
    bleu, low, high, signature = bleu_interval(translations, references, task.bleu)
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
        chrf=chrf.corpus_score(as_scored(translations), [as_scored(references)]).score,
        chrf_signature=str(chrf.get_signature()),
        exact_match=exact_match(translations, references, task.bleu),
        token_accuracy=statistics.accuracy,
        loss=statistics.loss,
        samples=[
            TranslationSample(batches.pairs[row].source, references[row], translations[row])
            for row in np.linspace(0, len(references) - 1, min(samples, len(references))).astype(int)
        ],
    )
    return quality, translations


def _digest(pairs: Sequence[Pair]) -> str:
    text = "\n".join(f"{pair.source}\t{pair.target}" for pair in pairs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
