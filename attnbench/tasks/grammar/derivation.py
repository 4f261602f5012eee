"""The rules of the embedded grammar. Each builds a part of source and target together, so that the links are known.

A target word stores the source words that it translates. No alignment is estimated afterwards.
"""

from collections.abc import Sequence
from typing import NamedTuple

from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.lexicon import Adjective, Determiner, Noun, Verb
from attnbench.tasks.task import Pair


class Word:
    """One source word of one sentence. Two words with the same text are different objects: links use identity."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Rendered(NamedTuple):
    """One target word, and the source words that it translates or that require it."""

    text: str
    origin: tuple[Word, ...]


class Phrase(NamedTuple):
    """A part of a sentence in both languages. Each language has its own word order."""

    source: list[Word]
    target: list[Rendered]


class Agreement(NamedTuple):
    """The features of a noun phrase with which adjectives, verbs and pronouns agree."""

    feminine: bool
    plural: bool
    animate: bool


class NounPhrase(NamedTuple):
    """A phrase with its agreement, and the source nouns that are its heads."""

    source: list[Word]
    target: list[Rendered]
    agreement: Agreement
    heads: tuple[Word, ...]


class VerbGroup(NamedTuple):
    """A verb with its auxiliaries. The target splits it: each clause type has its own place for `finite` and `rest`."""

    source: list[Word]
    finite: list[Rendered]
    rest: list[Rendered]


class Predicate(NamedTuple):
    """A clause without its subject. `after` is a subordinate clause. It comes after all verbs of the clause."""

    verb: VerbGroup
    complement: Phrase
    after: Phrase


EMPTY = Phrase([], [])


def join(*parts: Phrase | NounPhrase) -> Phrase:
    """Concatenates the parts. Source and target have the same order of parts."""
    return Phrase([w for part in parts for w in part.source], [r for part in parts for r in part.target])


def fixed(text: str) -> Phrase:
    """A word that is never inflected: a preposition, a conjunction, an adverb or a comma."""
    word = Word(text)
    return Phrase([word], [Rendered(lexicon.FIXED[text], (word,))])


def pair(sentence: Phrase) -> Pair:
    """The finished sentence as text, with sorted links."""
    position = {word: i for i, word in enumerate(sentence.source)}
    links = {(position[word], j) for j, rendered in enumerate(sentence.target) for word in rendered.origin}
    source = " ".join(word.text for word in sentence.source)
    return Pair(source, " ".join(rendered.text for rendered in sentence.target), tuple(sorted(links)))


def noun_phrase(determiner: Determiner, adjectives: Sequence[Adjective], noun: Noun, plural: bool) -> NounPhrase:
    """All words agree with the noun. Adjectives follow it in reverse order, except a few that stay before it.

    the old red house  →  la kasta roska veka      0-0 1-3 2-2 3-1
    """
    word = Word(noun.plural if plural else noun.singular)
    article = Word(determiner.plural if plural else determiner.singular)
    modifiers = [(adjective, Word(adjective.word)) for adjective in adjectives]

    def agreeing(stem: str, origin: Word) -> Rendered:
        return Rendered(lexicon.inflect(stem, noun.feminine, plural), (origin,))

    target = [agreeing(determiner.stem, article)]
    target += [agreeing(adjective.stem, origin) for adjective, origin in modifiers if adjective.before]
    target.append(agreeing(noun.stem, word))
    if noun.compound:
        target.append(Rendered(noun.compound, (word,)))
    target += [agreeing(adjective.stem, origin) for adjective, origin in reversed(modifiers) if not adjective.before]
    source = [article, *(origin for _, origin in modifiers), word]
    return NounPhrase(source, target, Agreement(noun.feminine, plural, noun.animate), (word,))


def pronoun(antecedent: Agreement) -> NounPhrase:
    """The source shows the number. The gender comes from the antecedent: it → elo or ela."""
    word = Word(lexicon.PRONOUN.plural if antecedent.plural else lexicon.PRONOUN.singular)
    form = lexicon.inflect(lexicon.PRONOUN.stem, antecedent.feminine, antecedent.plural)
    return NounPhrase([word], [Rendered(form, (word,))], antecedent, (word,))


def coordinated(first: NounPhrase, second: NounPhrase) -> NounPhrase:
    """Two noun phrases with "and": a plural. It is feminine (or animate) only if both parts are."""
    one, two = first.agreement, second.agreement
    agreement = Agreement(one.feminine and two.feminine, True, one.animate and two.animate)
    return NounPhrase(*join(first, fixed("and"), second), agreement, first.heads + second.heads)


def modified(head: NounPhrase, modifier: Phrase) -> NounPhrase:
    """A noun phrase with a prepositional phrase or a relative clause after it."""
    return NounPhrase(*join(head, modifier), head.agreement, head.heads)


def verb_group(verb: Verb, subject: Agreement, *, future: bool = False, negated: bool = False) -> VerbGroup:
    """The verb agrees with its subject. "do" is dropped. "not" becomes two words, around the finite verb.

    does not call  →  ne rufat pan … an            1-0 1-2 2-1 2-3
    """
    supported = negated and not future and verb is not lexicon.BE
    helper = lexicon.WILL if future else lexicon.DO if subject.plural else lexicon.DOES
    auxiliary = [Word(helper)] if future or supported else []
    finite = verb.plural if subject.plural else verb.third
    main = Word(verb.infinitive if auxiliary else finite)
    negation = [Word(lexicon.NOT)] if negated else []
    stem = verb.stem if subject.animate else verb.inanimate or verb.stem

    rest = [Rendered(verb.particle, (main,))] if verb.particle else []
    if future:
        carrier = Rendered(lexicon.finite(lexicon.FUTURE_STEM, subject.plural), (auxiliary[0],))
        rest.append(Rendered(lexicon.infinitive(stem), (main,)))
    else:
        carrier = Rendered(lexicon.finite(stem, subject.plural), (main,))
    around = [Rendered(part, (negation[0],)) for part in lexicon.NEGATION] if negated else []
    source = [*auxiliary, *negation, main] if auxiliary else [main, *negation]
    return VerbGroup(source, [*around[:1], carrier, *around[1:]], rest)


def quality(adjective: Adjective, subject: Agreement) -> Phrase:
    """An adjective after "to be". It agrees with the subject at any distance."""
    word = Word(adjective.word)
    return Phrase([word], [Rendered(lexicon.inflect(adjective.stem, subject.feminine, subject.plural), (word,))])


def direct_object(thing: NounPhrase) -> Phrase:
    """An animate object gets a marker that the source does not have. It is linked to the nouns that require it."""
    marker = [Rendered(lexicon.ANIMATE_OBJECT, thing.heads)] if thing.agreement.animate else []
    return Phrase(thing.source, marker + thing.target)


def direct_and_indirect(thing: Phrase, recipient: NounPhrase) -> Phrase:
    """The two objects swap their order: (gives) one book to the king → ad lo tarvo una skrifa."""
    to = join(fixed("to"), recipient)
    return Phrase(thing.source + to.source, to.target + thing.target)


def main_clause(subject: NounPhrase, predicate: Predicate) -> Phrase:
    """The finite verb comes second. The rest of the verb comes last.

    the king will see the cat  →  lo tarvo volat az la mirla vidar         0-0 1-1 2-2 3-6 4-4 5-3 5-5
    """
    verb, complement, after = predicate
    target = subject.target + verb.finite + complement.target + verb.rest + after.target
    return Phrase(_clause_source(subject, predicate), target)


def inverted_clause(subject: NounPhrase, predicate: Predicate) -> Phrase:
    """A main clause after an adverb or another clause. The finite verb comes before its subject.

    (today) the king sees the cat  →  (oje) vidat lo tarvo az la mirla     0-1 1-2 2-0 3-4 4-3 4-5
    """
    verb, complement, after = predicate
    target = verb.finite + subject.target + complement.target + verb.rest + after.target
    return Phrase(_clause_source(subject, predicate), target)


def subordinate_clause(subject: Phrase | NounPhrase, predicate: Predicate) -> Phrase:
    """The whole verb comes last. Its finite part is at the very end.

    (because) the king will see the cat  →  (perk) lo tarvo az la mirla vidar volat
    """
    verb, complement, after = predicate
    target = subject.target + complement.target + verb.rest + verb.finite + after.target
    return Phrase(_clause_source(subject, predicate), target)


def _clause_source(subject: Phrase | NounPhrase, predicate: Predicate) -> list[Word]:
    verb, complement, after = predicate
    return subject.source + verb.source + complement.source + after.source


def subject_relative(predicate: Predicate) -> Phrase:
    """that sees the cat  →  kwi az la mirla vidat"""
    that = Word(lexicon.THAT)
    return subordinate_clause(Phrase([that], [Rendered(lexicon.SUBJECT_RELATIVE, (that,))]), predicate)


def object_relative(subject: NounPhrase, verb: VerbGroup) -> Phrase:
    """that the cat sees  →  kwem la mirla vidat"""
    that = Word(lexicon.THAT)
    relative = Phrase([that], [Rendered(lexicon.OBJECT_RELATIVE, (that,))])
    return join(relative, subordinate_clause(subject, Predicate(verb, EMPTY, EMPTY)))


def content_clause(clause: Phrase) -> Phrase:
    """(knows) that the cat sleeps  →  la mirla dorvat. The target has no word for "that"."""
    return Phrase([Word(lexicon.THAT), *clause.source], clause.target)
