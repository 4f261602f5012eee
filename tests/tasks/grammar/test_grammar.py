"""Tests of the embedded grammar: its sets, its lengths, its words."""

import hashlib
from inspect import signature
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from attnbench.errors import UserError
from attnbench.tasks.grammar import grammar, lexicon
from attnbench.tasks.grammar.lexicon import CONTENT_WORDS, ContentWords, source_words
from attnbench.tasks.grammar.sampling import sample
from attnbench.tasks.random_sets import draw_sets
from attnbench.tasks.task import SPECIALS, UNK, Pair, Task


@pytest.fixture(scope="module")
def default() -> Task:
    return instantiate(configured())


def configured() -> dict[str, Any]:
    config = OmegaConf.load(Path(__file__).parents[3] / "conf/task/grammar.yaml")
    assert isinstance(config, DictConfig)
    OmegaConf.resolve(config)
    return config["task"]


def every(task: Task) -> list[Pair]:
    return [*task.train, *task.validation, *task.test]


def test_configuration_and_constructor_have_the_same_defaults() -> None:
    defaults = {name: one.default for name, one in signature(grammar).parameters.items() if name != "length"}
    given = configured()
    assert {name: given[name] for name in defaults} == defaults


def test_sets_have_the_given_sizes_and_no_source_occurs_twice() -> None:
    task = grammar(8, train=8_000, validation=300, test=200)  # so short that duplicates would occur by chance
    assert [len(task.train), len(task.validation), len(task.test)] == [8_000, 300, 200]
    assert len({pair.source for pair in every(task)}) == 8_500


@pytest.mark.parametrize(("share", "train", "least"), [(0.25, 1000, 60), (1.0, 8000, 120)])
def test_every_word_of_the_vocabularies_occurs(share: float, train: int, least: int) -> None:
    task = grammar(16, lexicon=share, train=train)
    for side, vocabulary in (("source", task.source), ("target", task.target)):
        seen = {word for pair in every(task) for word in getattr(pair, side).split()}
        assert len(seen) >= least
        assert seen == {vocabulary.token(i) for i in range(len(SPECIALS), len(vocabulary))}


def test_the_vocabularies_encode_and_decode_all_text(default: Task) -> None:
    for pair in default.test:
        for vocabulary, text in ((default.source, pair.source), (default.target, pair.target)):
            ids = vocabulary.encode(text)
            assert UNK not in ids
            assert vocabulary.decode(ids) == text


@pytest.mark.parametrize("key", ["train", "validation", "test"])
def test_an_empty_set_is_refused(key: str) -> None:
    with pytest.raises(UserError, match=rf"task\.{key}=0"):
        grammar(8, **{"train": 1, "validation": 1, "test": 1, key: 0})
    with pytest.raises(UserError, match=r"task\.beyond=-1: must be 0 or more"):
        grammar(8, beyond=-1)


def test_the_seed_determines_the_sets_and_the_test_set_does_not_depend_on_the_size_of_the_training_set() -> None:
    one, same = (grammar(16, train=50, validation=20, test=20, seed=3) for _ in range(2))
    assert every(one) == every(same)
    assert grammar(16, train=10, validation=20, test=20, seed=3).test == one.test
    other = grammar(16, train=50, validation=20, test=20, seed=4)
    assert other.test != one.test
    assert other.source.state() == one.source.state()


@pytest.mark.parametrize("length", [8, 16, 64, 256])
def test_lengths_fill_the_upper_half_of_the_range(length: int) -> None:
    task = grammar(length, train=200, validation=20, test=20)
    lengths = [len(pair.source.split()) for pair in every(task)]
    assert min(lengths) >= length // 2
    assert max(lengths) <= length
    assert min(lengths) < 0.6 * length
    assert max(lengths) > 0.9 * length


@pytest.mark.parametrize("length", [8, 9, 64, 256])
def test_sentences_beyond_are_up_to_twice_as_long_and_all_their_words_are_known(length: int) -> None:
    task = grammar(length, train=50, validation=5, test=5, beyond=40)
    lengths = [len(pair.source.split()) for pair in task.beyond]
    assert length < min(lengths) < 1.2 * length
    assert 1.8 * length < max(lengths) <= 2 * length
    assert len({pair.source for pair in task.beyond}) == 40
    for pair in task.beyond:
        assert UNK not in [*task.source.encode(pair.source), *task.target.encode(pair.target)]
        assert {j for _, j in pair.links} == set(range(len(pair.target.split())))


def test_sentences_beyond_depend_only_on_the_seed() -> None:
    task, same, other = (
        grammar(8, train=n, validation=5, test=n, beyond=20, seed=s) for n, s in ((9, 1), (7, 1), (9, 2))
    )
    assert task.beyond == same.beyond != other.beyond
    assert grammar(8, train=9, validation=5, test=9, beyond=5).beyond == task.beyond[:5]
    assert every(grammar(8, train=9, validation=5, test=9, beyond=0)) == every(task)


def test_the_other_sets_have_not_changed() -> None:
    """Measurements of different versions are comparable only if the sets are the same."""
    pairs = every(grammar(16, lexicon=1, train=50, validation=5, test=5))
    text = "".join(f"{pair.source}\t{pair.target}\t{pair.links}\n" for pair in pairs)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "7300a798a896cb6b"


@pytest.mark.parametrize("length", [7, 0, -16, 257, 16.5, "long"])
def test_a_length_out_of_range_is_refused_in_one_line(length: Any) -> None:
    with pytest.raises(UserError) as refusal:
        grammar(length)
    assert f"length={length}" in str(refusal.value)
    assert "8 to 256" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("share", [0, -1, 1.5, "half"])
def test_a_share_of_words_out_of_range_is_refused(share: Any) -> None:
    with pytest.raises(UserError, match=rf"task.lexicon={share}: must be greater than 0, and at most 1"):
        grammar(8, lexicon=share)


def test_a_share_of_the_words_occurs_and_no_others() -> None:
    task = grammar(12, lexicon=0.25, train=500, validation=5, test=5)
    words = CONTENT_WORDS.share(0.25)
    assert [len(words.nouns), len(words.adjectives), len(words.clausal)] == [8, 4, 1]
    occurring = {word for pair in every(task) for word in pair.source.split()}
    forms = {form for noun in words.nouns for form in (noun.singular, noun.plural)}
    assert occurring & {form for noun in lexicon.NOUNS for form in (noun.singular, noun.plural)} == forms
    assert occurring <= set(source_words(words))
    assert CONTENT_WORDS.share(1) == CONTENT_WORDS


def test_more_sentences_than_there_are_is_refused() -> None:
    def draw(rng: Random, shortest: int, longest: int) -> Pair:
        return Pair(str(rng.randrange(20)), "")

    with pytest.raises(UserError, match=r"task.train=30: after \d+ different sentences, .* gave no new one"):
        draw_sets(draw, 1, 2, train=30, validation=1, test=1, beyond=0, seed=1)


def test_the_source_determines_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lexicon has very few words here. Ambiguous derivations would thus give the same source sentence."""
    few = {"nouns": [4, 16], "adjectives": [0, 12], "intransitive": [6], "transitive": [9]}
    few |= {"ditransitive": [0], "clausal": [0]}
    tables = {table: tuple(getattr(CONTENT_WORDS, table)[row] for row in rows) for table, rows in few.items()}
    for table in ("SINGULAR_DETERMINERS", "PLURAL_DETERMINERS"):
        monkeypatch.setattr(lexicon, table, getattr(lexicon, table)[:1])
    for table in ("PREPOSITIONS", "ADVERBS", "COORDINATORS", "SUBORDINATORS_BEFORE", "SUBORDINATORS_AFTER"):
        monkeypatch.setattr(lexicon, table, dict([*getattr(lexicon, table).items()][:1]))
    rng = Random(5)
    pairs = [sample(rng, 4, 8, ContentWords(**tables)) for _ in range(20_000)]
    known: dict[str, Pair] = {}
    assert all(known.setdefault(pair.source, pair) == pair for pair in pairs)
    assert len(known) < len(pairs) / 2


def test_links_cross_and_reach_further_in_longer_sentences() -> None:
    reach = []
    for length in (8, 16, 64):
        pairs = [sample(Random(seed), length // 2, length) for seed in range(300)]
        assert sum(any(j > k for (_, j), (_, k) in pairwise(pair.links)) for pair in pairs) > 200
        reach.append(sum(max(abs(i - j) for i, j in pair.links) for pair in pairs) / len(pairs))
    assert reach[0] * 1.5 < reach[1]
    assert reach[1] * 1.5 < reach[2]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(8, 256))
def test_every_target_word_is_linked_and_only_that_and_do_are_dropped(seed: int, length: int) -> None:
    pair = sample(Random(seed), (length + 1) // 2, length)
    source, target = pair.source.split(), pair.target.split()
    assert (length + 1) // 2 <= len(source) <= length
    assert {j for _, j in pair.links} == set(range(len(target)))
    dropped = set(range(len(source))) - {i for i, _ in pair.links}
    assert {source[i] for i in dropped} <= {"that", "do", "does"}
    assert all(source[i] == "," for i, j in pair.links if target[j] == ",")
    assert list(pair.links) == sorted(set(pair.links))
