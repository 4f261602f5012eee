"""Tests of the synthetic diagnostics: targets and links computed in a second way, sets, and refused values."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.tasks.task import SPECIALS, UNK, Pair, Task

NAMES = ("copy", "reverse", "sort", "recall")
FEW = {"train": 30, "validation": 5, "test": 5, "beyond": 5}
SEEDS = st.integers(0, 2**32)


def made(name: str, **changed: Any) -> Task:
    """The configured task with small sets. The values `changed` are replaced."""
    config = OmegaConf.load(Path(__file__).parents[2] / f"conf/task/{name}.yaml")
    assert isinstance(config, DictConfig)
    OmegaConf.resolve(config)
    return build(DictConfig({**config["task"], **FEW, **changed}))


def every(task: Task) -> list[Pair]:
    return [*task.train, *task.validation, *task.test]


@pytest.mark.parametrize("name", ["copy", "reverse", "sort"])
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, length=st.integers(8, 40), words=st.integers(4, 50))
def test_the_target_is_the_source_in_another_order(name: str, seed: int, length: int, words: int) -> None:
    orders = {"copy": list, "reverse": lambda source: source[::-1], "sort": lambda source: sorted(source, key=int)}
    for pair in every(made(name, seed=seed, length=length, words=words)):
        source, target = pair.source.split(), pair.target.split()
        assert target == orders[name](source)
        assert [j for _, j in pair.links] == list(range(len(target)))
        assert sorted(i for i, _ in pair.links) == list(range(len(source)))
        assert all(source[i] == target[j] for i, j in pair.links)


@pytest.mark.parametrize(("name", "expected"), [("copy", [0, 1, 2]), ("reverse", [2, 1, 0]), ("sort", [0, 1, 2])])
def test_links_distinguish_equal_numbers(name: str, expected: list[int]) -> None:
    task = made(name, length=3, words=2, train=1, validation=1, test=10)
    (pair,) = [pair for pair in every(task) if pair.source == "1 1 1"]
    assert [i for i, _ in pair.links] == expected


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, length=st.integers(10, 60), values=st.integers(2, 40))
def test_each_key_is_asked_once_and_its_value_follows(seed: int, length: int, values: int) -> None:
    for pair in every(made("recall", seed=seed, length=length, values=values)):
        words, target = pair.source.split(), pair.target.split()
        mark = words.index("?")
        keys, answers, queries = words[:mark:2], words[1:mark:2], words[mark + 1 :]
        assert len(set(keys)) == len(keys)
        assert sorted(queries) == sorted(keys)
        assert target == [word for key in queries for word in (key, dict(zip(keys, answers, strict=True))[key])]
        asked = [(mark + 1 + n, 2 * n) for n in range(len(queries))]
        found = [(words.index(key) + 1, 2 * n + 1) for n, key in enumerate(queries)]
        assert sorted(pair.links) == sorted([*asked, *found])


def test_keys_are_asked_in_any_order() -> None:
    orders = set()
    for pair in made("recall", length=10, train=100).train:
        words = pair.source.split()
        mark = words.index("?")
        orders.add(tuple(words[:mark:2].index(key) for key in words[mark + 1 :]))
    assert {order for order in orders if len(order) == 3} == {
        *((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    }


@pytest.mark.parametrize(("name", "length", "shortest"), [(n, 16, 8) for n in NAMES[:3]] + [("recall", 16, 10)])
def test_lengths_fill_the_range(name: str, length: int, shortest: int) -> None:
    lengths = {len(pair.source.split()) for pair in made(name, length=length, train=200).train}
    assert (min(lengths), max(lengths)) == (shortest, length)


@pytest.mark.parametrize(("name", "longest"), [(name, 32) for name in NAMES[:3]] + [("recall", 31)])
def test_sentences_beyond_are_up_to_twice_as_long(name: str, longest: int) -> None:
    task = made(name, beyond=100)
    lengths = {len(pair.source.split()) for pair in task.beyond}
    assert (min(lengths), max(lengths)) == (17 if name != "recall" else 19, longest)
    assert len({pair.source for pair in task.beyond}) == 100
    for pair in task.beyond:
        assert UNK not in [*task.source.encode(pair.source), *task.target.encode(pair.target)]
        assert [j for _, j in pair.links] == list(range(len(pair.target.split())))
        assert all(pair.source.split()[i] == pair.target.split()[j] for i, j in pair.links)
    assert made(name, beyond=100, train=10).beyond == task.beyond != made(name, beyond=100, seed=2).beyond


def test_no_sentence_has_more_keys_than_exist() -> None:
    few = made("recall", length=31, keys=12, beyond=20).beyond
    assert {len(pair.source.split()) for pair in few} == {34, 37}
    assert made("recall", length=31, keys=10, beyond=20).beyond == []


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("copy", "3ff832389736c621"),
        ("reverse", "543d80fde313d792"),
        ("sort", "3393051fb85cba47"),
        ("recall", "b5780bf1f423cb5e"),
    ],
)
def test_the_other_sets_have_not_changed(name: str, digest: str) -> None:
    """Measurements of different versions are comparable only if the sets are the same."""
    text = "".join(f"{pair.source}\t{pair.target}\t{pair.links}\n" for pair in every(made(name)))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize("name", NAMES)
def test_sets_are_disjoint_and_the_seed_determines_them(name: str) -> None:
    task, same, other = made(name), made(name), made(name, seed=2)
    assert [len(task.train), len(task.validation), len(task.test)] == [30, 5, 5]
    assert len({pair.source for pair in every(task)}) == 40
    assert every(task) == every(same)
    assert other.test != task.test
    assert made(name, train=10).test == task.test
    assert task.name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_vocabularies_know_every_word(name: str) -> None:
    task = made(name, train=2000)
    for side, vocabulary in (("source", task.source), ("target", task.target)):
        texts = [getattr(pair, side) for pair in every(task)]
        assert not any(UNK in vocabulary.encode(text) for text in texts)
        assert all(vocabulary.decode(vocabulary.encode(text)) == text for text in texts)
        known = {vocabulary.token(i) for i in range(len(SPECIALS), len(vocabulary))}
        assert {word for text in texts for word in text.split()} == known


def test_keys_beyond_the_alphabet_are_distinct() -> None:
    task = made("recall", length=100, keys=800, values=2)
    assert len(task.source) == len(SPECIALS) + 800 + 2 + 1
    assert len({task.source.token(i) for i in range(len(task.source))}) == len(task.source)


def test_sets_may_use_all_possible_sources_but_not_more() -> None:
    task = made("copy", length=2, words=2, train=4, validation=1, test=1)
    assert {pair.source for pair in every(task)} == {"0", "1", "0 0", "0 1", "1 0", "1 1"}
    with pytest.raises(UserError, match=r"task\.train=5: the three sets together need 7 .* but there are only 6;"):
        made("copy", length=2, words=2, train=5, validation=1, test=1)
    # One pair of a key and a value: 2 keys and 3 values give 6 sources.
    assert len(every(made("recall", length=4, keys=2, values=3, train=4, validation=1, test=1))) == 6
    with pytest.raises(UserError, match="but there are only 6;"):
        made("recall", length=4, keys=2, values=3, train=5, validation=1, test=1)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("copy", {"order": "shuffle"}, r"task\.order=shuffle: must be copy, reverse, sort"),
        ("reverse", {"length": 0}, "length=0: must be 1 to 10000"),
        ("sort", {"length": 2.5}, r"length=2\.5: must be 1 to 10000"),
        ("sort", {"words": 1}, r"task\.words=1: must be 2 to 1000000"),
        ("recall", {"length": 3}, "length=3: must be 4 to 10000"),
        ("recall", {"values": 1}, r"task\.values=1: must be 2 to 1000000"),
        ("recall", {"length": 31, "keys": 9}, r"task\.keys=9: length=31 needs 10 different keys; set 10 or more"),
        ("copy", {"length": 10**12}, "length=1000000000000: must be 1 to 10000"),
        ("copy", {"train": 10**15}, r"task\.train=1000000000000000: must be at most 100000000"),
        ("copy", {"train": 0}, r"task\.train=0: at least one pair"),
        ("recall", {"test": "many"}, r"task\.test=many: at least one pair"),
        ("sort", {"beyond": -1}, r"task\.beyond=-1: must be 0 or more"),
        ("copy", {"length": 8, "words": 2, "beyond": 10**6}, r"task\.beyond=1000000: .* but there are only 130560;"),
    ],
)
def test_an_invalid_value_is_refused_in_one_line(name: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        made(name, **changed)
    assert "\n" not in str(refusal.value)
