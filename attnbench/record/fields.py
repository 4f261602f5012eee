"""The fields of a record; units are in the names."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

VERSION = 3
Status = Literal["finished", "failed", "out_of_memory"]
CostStatus = Literal["measured", "out_of_memory", "over_budget", "unsupported", "failed"]
Passes = Literal["forward", "forward+backward"]
Subject = Literal["attention", "model"]
Factor = str | int | float | bool | None
# Numbers that are possible, with room for rounding. They are checked when a record is read.
Score = Annotated[float, Meta(ge=0, le=100.001)]
Share = Annotated[float, Meta(ge=-0.001, le=1.001)]
Amount = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(ge=1)]
BleuRow = Annotated[list[Count], Meta(min_length=10, max_length=10)]
LinkRow = Annotated[list[Count], Meta(min_length=4, max_length=4)]


@dataclass(frozen=True)
class Environment:
    """Where a job ran."""

    python: str
    packages: dict[str, str]  # name -> version
    git_commit: str | None  # of the code; "+" at the end: uncommitted changes; None outside a checkout
    platform: str
    processor: str
    cores: int
    threads: int  # of the job
    memory_gib: float
    device: str  # its name in torch: "cpu", "cuda"
    device_name: str  # the name that its maker gives it


@dataclass(frozen=True)
class HistoryPoint:
    """One validation."""

    update: Count
    elapsed_s: float
    train_loss: float  # mean over the updates since the last point, with label smoothing
    validation_loss: float  # cross-entropy in nats per token, without smoothing
    validation_bleu: Score | None  # None if only the loss was computed


@dataclass(frozen=True)
class Training:
    """How a model was trained."""

    parameters: Count
    updates: Count
    epochs: float
    target_tokens: Count  # seen in training, with the end of each sentence, without padding
    train_s: float  # with validations
    best_update: Count
    longest_source: Count  # tokens of the longest source in training, without its end
    history: list[HistoryPoint]
    # What follows is absent in older records.
    converged: bool = False  # it ended on a plateau of the validation, not at a bound
    validation_loss: float | None = None  # of the weights that were kept
    validation_bleu: Score | None = None


@dataclass(frozen=True)
class TranslationSample:
    """A test sentence and its translation."""

    source: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Quality:
    """The quality on a test set. BLEU and chrF are 0 to 100; `*_low`, `*_high` are 95 % bootstrap bounds over
    sentences.

    `source_lengths` and `bleu_statistics` have one entry for each sentence, in the order of the set. The statistics are
    those of sacreBLEU: the lengths of hypothesis and reference, the right n-grams of 1 to 4 tokens, and all n-grams of
    1 to 4 tokens. BLEU of any set of sentences is computed from the sums of their statistics.
    """

    test_set: str  # hash of its sentences: sets with the same hash can be compared sentence by sentence
    sentences: Size
    source_lengths: list[Count]  # tokens, without the end
    bleu_statistics: list[BleuRow]  # 10 numbers for each sentence
    bleu: Score
    bleu_low: Score | None  # this and the next are None if the test set is too small for an interval
    bleu_high: Score | None
    bleu_signature: str
    chrf: Score
    chrf_signature: str
    exact_match: Share  # share of sentences without any mistake, 0 to 1
    token_accuracy: Share  # 0 to 1, under teacher forcing
    loss: float  # cross-entropy in nats per token, under teacher forcing
    samples: list[TranslationSample]


@dataclass(frozen=True)
class StepMemory:
    """The memory of a training step, in MiB. All but the last are counted by the allocator."""

    parameters_mib: float
    gradients_mib: float
    optimiser_mib: float
    activations_mib: float  # the most that forward and backward hold in addition, with those of attention
    attention_mib: float  # the most of them that was allocated within the attention layers
    process_mib: float | None  # the most that the process has held, with Python; None if the system does not report it


@dataclass(frozen=True)
class StepCost:
    """One training step (forward, backward, update) on one batch: median and quartiles, warm and synchronised."""

    step_ms: Positive
    step_ms_q1: Positive
    step_ms_q3: Positive
    repetitions: Size
    batch_size: Size
    source_length: int
    target_length: int
    tokens_per_s: Amount  # target tokens
    peak_mib: Amount  # peak of the allocator, above what was held before the step
    memory: StepMemory
    joules: Amount | None  # of a step; None if the machine does not measure it


@dataclass(frozen=True)
class ScalingPoint:
    """The attention alone over `length` queries and as many keys: median and quartiles, warm and synchronised."""

    length: Size
    passes: Passes
    status: CostStatus
    ms: Positive | None
    ms_q1: Positive | None
    ms_q3: Positive | None
    peak_mib: Amount | None  # the allocator's own peak above what was held before
    error: str | None  # the reason why there is no number
    repetitions: Count  # number of times behind the quartiles
    noisy: bool  # whether the quartiles stayed too far apart after all repetitions
    predicted_ms: Amount | None  # for a length beyond the budget: predicted from the shorter lengths
    predicted_mib: Amount | None
    flops: Amount | None  # floating-point operations of a call, in closed form; None if the contender is not ours
    bytes: Amount | None  # read and written by a call, at least, in closed form


@dataclass(frozen=True)
class DevicePeak:
    """The best that the device does, measured in place: one matrix product, and one copy."""

    flops_per_s: Positive
    bytes_per_s: Positive  # read and written


@dataclass(frozen=True)
class Scaling:
    """The cost of one contender at several lengths.

    Ratios hold within a session, in which contenders took turns. `baseline` is the key of the contender to which they
    are.
    """

    kernel: str | None  # the kernel that ran; None if the contender is not ours
    batch_size: Size
    heads: Size
    head_dim: Size
    points: list[ScalingPoint]
    peak: DevicePeak | None
    session: str | None  # None: it was measured alone
    baseline: str | None
    # "model": a whole model; then "forward" is the decoding of one sentence, and "forward+backward" a training step.
    of: Subject = "attention"


@dataclass(frozen=True)
class Alignment:
    """The weights of a model in one test sentence while it reads the reference, by position of target and source."""

    source: list[str]
    target: list[str]
    weights: list[list[list[list[float]]]]  # [layer][head][target][source], soft or one-hot; empty without attention
    implicit: list[list[float]]  # [target][source]: norms of gradients, each row divided by its sum
    gold: list[tuple[Count, Count]]  # (source, target) positions; empty if unknown
    translation: str | None = None  # the model's own, as text; absent in older records


@dataclass(frozen=True)
class HeadAlignment:
    """One head as an alignment: each target word is linked to the source word with most of its weight."""

    layer: Count
    head: Count
    entropy: float  # of the weights, in nats; mean over target tokens
    aer: Share | None  # alignment error rate, 0 to 1; this and the next two are None if undefined
    precision: Share | None
    recall: Share | None


@dataclass(frozen=True)
class AlignmentQuality:
    """The weights of test sentences as alignments, compared with gold links and with implicit weights.

    `links` and `implicit_links` have a row for each sentence: the links that were found, the sure gold links, the found
    ones that are sure, and the found ones that are sure or possible (Och and Ney 2003). Both are empty without gold
    links; `links` is also empty without attention. Entropy and agreement are means over target tokens, with the end of
    the sentence.
    """

    sentences: Size
    gold: str | None  # the source of the gold links: "task", or the path of a file
    links: list[LinkRow]  # by the mean of all layers and heads
    implicit_links: list[LinkRow]
    entropy: float | None  # of the mean weights, in nats; None without attention
    implicit_entropy: float
    # Of explicit and implicit weights: the share of a row's weight that both put on the same tokens.
    agreement: Share | None
    heads: list[HeadAlignment]


@dataclass(frozen=True)
class Regression:
    """Attention pooling of noisy points: queries are the test xs, keys the training xs, values the training ys."""

    x: list[float]  # of the training points, in rising order
    y: list[float]
    test_x: list[float]
    truth: list[float]  # the curve without noise at each test x
    estimate: list[float]
    weights: list[list[float]]  # [test point][training point]
    test_error: Amount  # mean squared error of the estimate against the true curve
    left_out_error: Amount  # mean squared error at the training points, each estimated from all others
    parameters: Count  # number of fitted parameters of the score
    sigma: float | None  # width of a Gaussian score, in units of x; None for other scores


@dataclass(frozen=True)
class Record:
    """The record of one job."""

    version: int
    key: str  # hash of the resolved config: equal keys are the same job
    command: str  # "train" or "cost"
    sweep: str
    status: Status
    error: str | None
    factors: dict[str, Factor]  # what names this job: group choices and overridden values that bear on it
    overrides: list[str]  # that reproduce the job
    seed: int
    config: dict[str, Any]
    environment: Environment
    started: str  # ISO 8601, UTC
    duration_s: float
    training: Training | None
    quality: Quality | None
    beyond: Quality | None  # on sentences longer than every training sentence
    step: StepCost | None
    scaling: Scaling | None
    alignment: AlignmentQuality | None
    alignments: list[Alignment]  # examples
    regression: Regression | None
    # What follows is absent in older records.
    evaluation_s: float | None = None  # of the duration, for the evaluation on the test sets
    trial: bool = False  # a trial of a tuning: judged on the validation set alone, without quality
    tuned: dict[str, Factor] = field(default_factory=dict)  # the tuned keys, no factors, and their values in this job
    matched: str | None = None  # what the sweep made equal: "parameters", "flops", "seconds"; None: nothing
    inputs: dict[str, str] = field(default_factory=dict)  # files that the job read, and their sha256
    warnings: list[str] = field(default_factory=list)  # of the job and of its tracker: one line each, each once
