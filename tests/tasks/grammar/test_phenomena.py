"""Tests of each phenomenon of the embedded grammar, with links written by hand."""

from attnbench.tasks.grammar import derivation as rules
from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.derivation import EMPTY, NounPhrase, Phrase, Predicate
from attnbench.tasks.grammar.lexicon import Adjective, Verb

VERBS = (*lexicon.INTRANSITIVE, *lexicon.TRANSITIVE, *lexicon.DITRANSITIVE, *lexicon.CLAUSAL)


def noun_phrase(text: str) -> NounPhrase:
    """A noun phrase from its source words: determiner, adjectives, noun."""
    first, *middle, last = text.split()
    noun = next(noun for noun in lexicon.NOUNS if last in (noun.singular, noun.plural))
    determiner = next(one for one in lexicon.DETERMINERS if first in (one.singular, one.plural))
    return rules.noun_phrase(determiner, [adjective(word) for word in middle], noun, plural=last == noun.plural)


def adjective(word: str) -> Adjective:
    return next(one for one in lexicon.ADJECTIVES if one.word == word)


def verb(plural: str) -> Verb:
    return next(verb for verb in VERBS if verb.plural == plural)


def predicate(
    subject: NounPhrase,
    plural: str,
    complement: Phrase = EMPTY,
    after: Phrase = EMPTY,
    *,
    future: bool = False,
    negated: bool = False,
) -> Predicate:
    group = rules.verb_group(verb(plural), subject.agreement, future=future, negated=negated)
    return Predicate(group, complement, after)


def check(phrase: Phrase | NounPhrase, source: str, target: str, links: str) -> None:
    pair = rules.pair(rules.join(phrase))
    assert pair.source == source
    assert pair.target == target
    assert " ".join(f"{i}-{j}" for i, j in pair.links) == links


def test_adjectives_follow_their_noun_in_reverse_and_agree_in_gender_and_number() -> None:
    check(noun_phrase("the old red house"), "the old red house", "la kasta roska veka", "0-0 1-3 2-2 3-1")
    check(noun_phrase("the old red dog"), "the old red dog", "lo brako rosko veko", "0-0 1-3 2-2 3-1")
    check(noun_phrase("the old red houses"), "the old red houses", "le kaste roske veke", "0-0 1-3 2-2 3-1")
    check(noun_phrase("the old red dogs"), "the old red dogs", "li braki roski veki", "0-0 1-3 2-2 3-1")


def test_a_few_adjectives_stay_before_their_noun() -> None:
    check(noun_phrase("my big old cat"), "my big old cat", "meja gruna mirla veka", "0-0 1-1 2-3 3-2")


def test_one_noun_becomes_two_words() -> None:
    check(noun_phrase("many white trains"), "many white trains", "molti karri ferk albri", "0-0 1-3 2-1 2-2")


def test_not_is_two_words_around_the_verb_and_do_is_dropped() -> None:
    king = noun_phrase("the king")
    clause = rules.main_clause(king, predicate(king, "sleep", negated=True))
    check(clause, "the king does not sleep", "lo tarvo ne dorvat pan", "0-0 1-1 3-2 3-4 4-3")
    kings = noun_phrase("the kings")
    clause = rules.main_clause(kings, predicate(kings, "sleep", negated=True))
    check(clause, "the kings do not sleep", "li tarvi ne dorvant pan", "0-0 1-1 3-2 3-4 4-3")


def test_one_verb_becomes_two_separate_words_and_animate_objects_are_marked() -> None:
    king = noun_phrase("the king")
    clause = rules.main_clause(king, predicate(king, "call", rules.direct_object(noun_phrase("the cat"))))
    check(clause, "the king calls the cat", "lo tarvo rufat az la mirla an", "0-0 1-1 2-2 2-6 3-4 4-3 4-5")
    clause = rules.main_clause(king, predicate(king, "call", rules.direct_object(noun_phrase("the tree"))))
    check(clause, "the king calls the tree", "lo tarvo rufat lo bolmo an", "0-0 1-1 2-2 2-5 3-3 4-4")


def test_the_infinitive_stands_at_the_end_of_a_main_clause() -> None:
    king, cat = noun_phrase("the king"), rules.direct_object(noun_phrase("the cat"))
    clause = rules.main_clause(king, predicate(king, "call", cat, future=True, negated=True))
    source, target = "the king will not call the cat", "lo tarvo ne volat pan az la mirla an rufar"
    check(clause, source, target, "0-0 1-1 2-3 3-2 3-4 4-8 4-9 5-6 6-5 6-7")


def test_the_verb_of_a_relative_clause_comes_last() -> None:
    king, cat = noun_phrase("the king"), rules.direct_object(noun_phrase("the old cat"))
    subject = rules.modified(king, rules.subject_relative(predicate(king, "see", cat, future=True)))
    clause = rules.main_clause(subject, predicate(subject, "sleep"))
    source = "the king that will see the old cat sleeps"
    target = "lo tarvo kwi az la mirla veka vidar volat dorvat"
    check(clause, source, target, "0-0 1-1 2-2 3-8 4-7 5-4 6-6 7-3 7-5 8-9")


def test_that_is_an_object_relative_when_a_subject_follows_and_its_verb_agrees_with_that_subject() -> None:
    cats = noun_phrase("the cats")
    relative = rules.object_relative(cats, rules.verb_group(verb("see"), cats.agreement))
    check(
        rules.modified(noun_phrase("the king"), relative),
        "the king that the cats see",
        "lo tarvo kwem le mirle vidant",
        "0-0 1-1 2-2 3-3 4-4 5-5",
    )


def test_that_is_dropped_before_a_content_clause_and_the_verb_comes_last_there() -> None:
    king, cat = noun_phrase("the king"), noun_phrase("the cat")
    content = rules.subordinate_clause(cat, predicate(cat, "find", rules.direct_object(noun_phrase("the house"))))
    clause = rules.main_clause(king, predicate(king, "know", after=rules.content_clause(content)))
    source, target = "the king knows that the cat finds the house", "lo tarvo znavat la mirla la kasta trovat"
    check(clause, source, target, "0-0 1-1 2-2 4-3 5-4 6-7 7-5 8-6")


def test_the_verb_comes_before_its_subject_after_an_adverb() -> None:
    king = noun_phrase("the king")
    clause = rules.inverted_clause(king, predicate(king, "see", rules.direct_object(noun_phrase("the cat"))))
    whole = rules.join(rules.fixed("today"), clause)
    check(whole, "today the king sees the cat", "oje vidat lo tarvo az la mirla", "0-0 1-2 2-3 3-1 4-5 5-4 5-6")


def test_direct_and_indirect_object_swap_their_order() -> None:
    book, king = rules.direct_object(noun_phrase("one book")), noun_phrase("the king")
    objects = rules.direct_and_indirect(book, king)
    check(objects, "one book to the king", "ad lo tarvo una skrifa", "0-3 1-4 2-0 3-1 4-2")


def test_an_adjective_agrees_with_its_subject_across_a_relative_clause() -> None:
    for noun, target in (
        ("cat", "la mirla kwi lo bolmo vidat stat veka"),
        ("king", "lo tarvo kwi lo bolmo vidat stat veko"),
    ):
        head = noun_phrase(f"the {noun}")
        seeing = predicate(head, "see", rules.direct_object(noun_phrase("the tree")))
        subject = rules.modified(head, rules.subject_relative(seeing))
        old = rules.quality(adjective("old"), subject.agreement)
        being = Predicate(rules.verb_group(lexicon.BE, subject.agreement), old, EMPTY)
        check(
            rules.main_clause(subject, being),
            f"the {noun} that sees the tree is old",
            target,
            "0-0 1-1 2-2 3-5 4-3 5-4 6-6 7-7",
        )


def test_a_pronoun_takes_its_gender_and_its_verb_from_its_antecedent() -> None:
    for noun, target in (("horse", "elo kurvat"), ("machine", "elo funkat"), ("cat", "ela kurvat")):
        it = rules.pronoun(noun_phrase(f"the {noun}").agreement)
        check(rules.main_clause(it, predicate(it, "run")), "it runs", target, "0-0 1-1")


def test_a_coordination_is_plural_and_feminine_only_if_both_parts_are() -> None:
    for parts, target in (
        (("cat", "queen"), "la mirla et la solma stant veke"),
        (("cat", "dog"), "la mirla et lo brako stant veki"),
    ):
        first, second = (noun_phrase(f"the {noun}") for noun in parts)
        both = rules.coordinated(first, second)
        old = rules.quality(adjective("old"), both.agreement)
        clause = rules.main_clause(both, Predicate(rules.verb_group(lexicon.BE, both.agreement), old, EMPTY))
        check(clause, f"the {parts[0]} and the {parts[1]} are old", target, "0-0 1-1 2-2 3-3 4-4 5-5 6-6")
