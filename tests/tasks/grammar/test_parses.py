"""The source language is unambiguous: an independent grammar finds exactly one parse of every sentence.

The derivation determines the target. The source therefore determines the target, at any length.
"""

from collections import defaultdict
from functools import cache
from random import Random

import pytest

from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.sampling import sample

RULES = {
    "sentence": "period | period coordinator sentence",
    "period": "clause | adverb clause | clause after clause | before clause comma clause",
    "clause": "np vp | pronoun vp",
    "np": "plain | plain and plain | plain relative | plain place",
    "plain": "determiner nominal",
    "nominal": "noun | adjective nominal",
    "place": "preposition plain",
    "relative": "that vp | that np seeing",
    "vp": "sleeping | sleeping place | seeing np | giving np to np | knowing that clause | being adjective",
    "sleeping": "intransitive | auxiliary intransitive",
    "seeing": "transitive | auxiliary transitive",
    "giving": "ditransitive | auxiliary ditransitive",
    "knowing": "clausal | auxiliary clausal",
    "being": "be | be not | will be | will not be",
    "auxiliary": "will | will not | do not",
}


def categories() -> dict[str, set[str]]:
    verbs = {"intransitive": lexicon.INTRANSITIVE, "transitive": lexicon.TRANSITIVE, "be": (lexicon.BE,)}
    verbs |= {"ditransitive": lexicon.DITRANSITIVE, "clausal": lexicon.CLAUSAL}
    words = {
        name: [form for verb in table for form in (verb.third, verb.plural, verb.bare)] for name, table in verbs.items()
    }
    for name, table in {
        "noun": lexicon.NOUNS,
        "determiner": lexicon.DETERMINERS,
        "pronoun": (lexicon.PRONOUN,),
    }.items():
        words[name] = [form for one in table for form in (one.singular, one.plural)]
    words |= {"adjective": [one.word for one in lexicon.ADJECTIVES], "do": ["do", "does"], "comma": [","]}
    words |= {"preposition": [*lexicon.PREPOSITIONS], "adverb": [*lexicon.ADVERBS]}
    words |= {"coordinator": [*lexicon.COORDINATORS], "before": [*lexicon.SUBORDINATORS_BEFORE]}
    words |= {
        "after": [*lexicon.SUBORDINATORS_AFTER],
        **{word: [word] for word in ("and", "that", "to", "will", "not")},
    }
    found: dict[str, set[str]] = defaultdict(set)
    for name, forms in words.items():
        for form in forms:
            found[form].add(name)
    return found


def parses(sentence: str) -> int:
    """The number of parses, by dynamic programming over spans."""
    words, known = sentence.split(), categories()

    @cache
    def spans(symbol: str, start: int) -> dict[int, int]:
        """Maps each end to the number of ways in which `symbol` covers the words from `start` to this end."""
        if symbol not in RULES:
            return {start + 1: 1} if start < len(words) and symbol in known[words[start]] else {}
        ways: dict[int, int] = defaultdict(int)
        for rule in RULES[symbol].split(" | "):
            reached = {start: 1}
            for part in rule.split():
                following: dict[int, int] = defaultdict(int)
                for middle, count in reached.items():
                    for end, more in spans(part, middle).items():
                        following[end] += count * more
                reached = following
            for end, count in reached.items():
                ways[end] += count
        return ways

    return spans("sentence", 0).get(len(words), 0)


@pytest.mark.parametrize("length", [8, 16, 64])
def test_every_sentence_has_exactly_one_parse(length: int) -> None:
    for seed in range(200):
        source = sample(Random(seed), length // 2, length).source
        assert parses(source) == 1, source


def test_two_parses_are_counted_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "COORDINATORS", {"and": "et"})
    assert parses("the cats see the kings and the queens and the dogs sleep") == 2
