"""The rules of the embedded grammar: each builds a piece of source and of target together, so that links come free.

A target word carries the very source words that it renders. Nothing is aligned afterwards.
"""

from collections.abc import Sequence
from typing import NamedTuple

from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.lexicon import Adjective, Determiner, Noun, Verb
from attnbench.tasks.task import Pair


class Word:
    """One source word of one sentence. Two words of the same text are not the same word: identity is what links use."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Rendered(NamedTuple):
    """One target word, and the source words that it renders or that called for it."""

    text: str
    origin: tuple[Word, ...]


class Phrase(NamedTuple):
    """A piece of sentence in both languages, each in its own order."""

    source: list[Word]
    target: list[Rendered]


class Agreement(NamedTuple):
    """What a noun phrase imposes on adjectives, verbs and pronouns."""

    feminine: bool
    plural: bool
    animate: bool


class NounPhrase(NamedTuple):
    """A phrase with its agreement, and the source nouns at its head."""

    source: list[Word]
    target: list[Rendered]
    agreement: Agreement
    heads: tuple[Word, ...]


class VerbGroup(NamedTuple):
    """A verb with its auxiliaries. The target splits it: `finite` goes where the clause says, `rest` stands last."""

    source: list[Word]
    finite: list[Rendered]
    rest: list[Rendered]


class Predicate(NamedTuple):
    """What a clause says of its subject; `after` is a subordinate clause, which stays behind any verb."""

    verb: VerbGroup
    complement: Phrase
    after: Phrase


EMPTY = Phrase([], [])


def join(*parts: Phrase | NounPhrase) -> Phrase:
    """The parts one after the other, in the same order on both sides."""
    return Phrase([w for part in parts for w in part.source], [r for part in parts for r in part.target])


def fixed(text: str) -> Phrase:
    """A word that never inflects: a preposition, a conjunction, an adverb, a comma."""
    word = Word(text)
    return Phrase([word], [Rendered(lexicon.FIXED[text], (word,))])


def pair(sentence: Phrase) -> Pair:
    """The finished sentence as text, its links sorted."""
    position = {word: i for i, word in enumerate(sentence.source)}
    links = {(position[word], j) for j, rendered in enumerate(sentence.target) for word in rendered.origin}
    source = " ".join(word.text for word in sentence.source)
    return Pair(source, " ".join(rendered.text for rendered in sentence.target), tuple(sorted(links)))


def noun_phrase(determiner: Determiner, adjectives: Sequence[Adjective], noun: Noun, plural: bool) -> NounPhrase:
    """All agree with the noun; adjectives follow it, in reverse, but for the few that stay before.

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
    """Number is plain in the source; gender comes from the antecedent: it → elo or ela."""
    word = Word(lexicon.PRONOUN.plural if antecedent.plural else lexicon.PRONOUN.singular)
    form = lexicon.inflect(lexicon.PRONOUN.stem, antecedent.feminine, antecedent.plural)
    return NounPhrase([word], [Rendered(form, (word,))], antecedent, (word,))


def coordinated(first: NounPhrase, second: NounPhrase) -> NounPhrase:
    """A plural; feminine, or animate, only if both parts are."""
    one, two = first.agreement, second.agreement
    agreement = Agreement(one.feminine and two.feminine, True, one.animate and two.animate)
    return NounPhrase(*join(first, fixed("and"), second), agreement, first.heads + second.heads)


def modified(head: NounPhrase, modifier: Phrase) -> NounPhrase:
    """A noun phrase with a prepositional phrase or a relative clause after it."""
    return NounPhrase(*join(head, modifier), head.agreement, head.heads)


def verb_group(verb: Verb, subject: Agreement, *, future: bool = False, negated: bool = False) -> VerbGroup:
    """The verb agrees with its subject; "do" is dropped; "not" is two words, around the finite verb.

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
    """An adjective after "to be", which agrees with the subject at whatever distance."""
    word = Word(adjective.word)
    return Phrase([word], [Rendered(lexicon.inflect(adjective.stem, subject.feminine, subject.plural), (word,))])


def direct_object(thing: NounPhrase) -> Phrase:
    """Animate objects take a marker that the source lacks; it links to the nouns that call for it."""
    marker = [Rendered(lexicon.ANIMATE_OBJECT, thing.heads)] if thing.agreement.animate else []
    return Phrase(thing.source, marker + thing.target)


def direct_and_indirect(thing: Phrase, recipient: NounPhrase) -> Phrase:
    """The two objects change places: (gives) one book to the king → ad lo tarvo una skrifa."""
    to = join(fixed("to"), recipient)
    return Phrase(thing.source + to.source, to.target + thing.target)


def main_clause(subject: NounPhrase, predicate: Predicate) -> Phrase:
    """The finite verb second, the rest of the verb last.

    the king will see the cat  →  lo tarvo volat az la mirla vidar         0-0 1-1 2-2 3-6 4-4 5-3 5-5
    """
    verb, complement, after = predicate
    target = subject.target + verb.finite + complement.target + verb.rest + after.target
    return Phrase(_clause_source(subject, predicate), target)


def inverted_clause(subject: NounPhrase, predicate: Predicate) -> Phrase:
    """A main clause after something else: the finite verb comes before its subject.

    (today) the king sees the cat  →  (oje) vidat lo tarvo az la mirla     0-1 1-2 2-0 3-4 4-3 4-5
    """
    verb, complement, after = predicate
    target = verb.finite + subject.target + complement.target + verb.rest + after.target
    return Phrase(_clause_source(subject, predicate), target)


def subordinate_clause(subject: Phrase | NounPhrase, predicate: Predicate) -> Phrase:
    """The whole verb last, its finite part at the very end.

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
    """(knows) that the cat sleeps  →  la mirla dorvat: here "that" is dropped."""
    return Phrase([Word(lexicon.THAT), *clause.source], clause.target)
