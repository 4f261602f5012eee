"""Random sentences of the embedded grammar, with a given range of source words."""

from collections.abc import Callable, Mapping
from random import Random

from attnbench.tasks.grammar import derivation as rules
from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.derivation import (
    EMPTY,
    Agreement,
    NounPhrase,
    Phrase,
    Predicate,
    VerbGroup,
)
from attnbench.tasks.grammar.lexicon import BE, CONTENT_WORDS, ContentWords, Verb
from attnbench.tasks.task import Pair

MAX_DEPTH = 3  # of clauses inside clauses
_CLAUSE = 3  # source words of the shortest clause, such as "the king sleeps"

Order = Callable[[NounPhrase, Predicate], Phrase]


def sample(rng: Random, shortest: int, longest: int, words: ContentWords = CONTENT_WORDS) -> Pair:
    """One sentence of `shortest` to `longest` source words, with its translation and its links.

    the king that the old cats do not see sleeps
    lo tarvo kwem le mirle veke ne vidant pan dorvat
    0-0 1-1 2-2 3-3 4-5 5-4 7-6 7-8 8-7 9-9
    """
    sampler = _Sampler(rng, words)
    while True:
        sentence = sampler.sentence(rng.randint(shortest, longest))
        if len(sentence.source) >= shortest:
            return rules.pair(sentence)


class _Sampler:
    """The random choices. `room` is the number of source words that a part may have. It is always enough for the
    shortest form of the part.
    """

    def __init__(self, rng: Random, words: ContentWords) -> None:
        self.rng, self.words = rng, words

    def sentence(self, room: int) -> Phrase:
        """Adds clauses while there is room for one more. The subject of a clause may be a pronoun for the subject of
        the previous clause.
        """
        whole, subject = self.period(room, None)
        while room - len(whole.source) > _CLAUSE:
            connector = self.fixed(lexicon.COORDINATORS)
            clause, subject = self.period(room - len(whole.source) - 1, subject)
            whole = rules.join(whole, connector, clause)
        return whole

    def period(self, room: int, antecedent: Agreement | None) -> tuple[Phrase, Agreement]:
        """A main clause, sometimes with an adverb or an adverbial clause; and the subject of its last clause."""
        chance = self.rng.random()
        if chance < 0.25 and room >= 2 * _CLAUSE + 2:
            return self.adverbial(room, antecedent)
        if chance < 0.4 and room > _CLAUSE:
            clause, subject = self.clause(rules.inverted_clause, room - 1, antecedent)
            return rules.join(self.fixed(lexicon.ADVERBS), clause), subject
        return self.clause(rules.main_clause, room, antecedent)

    def adverbial(self, room: int, antecedent: Agreement | None) -> tuple[Phrase, Agreement]:
        """Two clauses. The subordinate clause is first or second. Each order has its own conjunctions."""
        share = self.rng.randint(_CLAUSE, room - _CLAUSE - 2)
        if self.rng.random() < 0.5:
            first, subject = self.clause(rules.main_clause, share, antecedent)
            second, subject = self.clause(rules.subordinate_clause, room - len(first.source) - 1, subject)
            return rules.join(first, self.fixed(lexicon.SUBORDINATORS_AFTER), second), subject
        first, subject = self.clause(rules.subordinate_clause, share, antecedent)
        second, subject = self.clause(rules.inverted_clause, room - len(first.source) - 2, subject)
        return rules.join(self.fixed(lexicon.SUBORDINATORS_BEFORE), first, rules.fixed(","), second), subject

    def clause(
        self, order: Order, room: int, antecedent: Agreement | None = None, depth: int = 0
    ) -> tuple[Phrase, Agreement]:
        if antecedent and self.rng.random() < 0.35:
            subject = rules.pronoun(antecedent)
        else:
            subject = self.noun_phrase(self.rng.randint(2, room - 1), depth)
        predicate = self.predicate(subject.agreement, room - len(subject.source), depth)
        return order(subject, predicate), subject.agreement

    def predicate(self, subject: Agreement, room: int, depth: int) -> Predicate:
        """A verb with its complements. Only kinds that fit into the room are possible."""
        kinds = [(1, 1, self.intransitive), (2, 2, self.being), (3, 6, self.transitive), (4, 1, self.placed)]
        kinds.append((6, 2, self.ditransitive))
        if depth < MAX_DEPTH:
            kinds.append((2 + _CLAUSE, 2, self.clausal))
        possible = [(weight, kind) for least, weight, kind in kinds if least <= room]
        (kind,) = self.rng.choices([kind for _, kind in possible], [weight for weight, _ in possible])
        return kind(subject, room, depth)

    def verb(self, verbs: tuple[Verb, ...], subject: Agreement, room: int) -> VerbGroup:
        """A verb. It may be in the future or negated, if there is room for the additional words."""
        verb = self.rng.choice(verbs)
        future, negated = self.rng.random() < 0.2 and room >= 2, self.rng.random() < 0.25 and room >= 3
        return rules.verb_group(verb, subject, future=future, negated=negated)

    def intransitive(self, subject: Agreement, room: int, depth: int) -> Predicate:
        return Predicate(self.verb(self.words.intransitive, subject, room), EMPTY, EMPTY)

    def being(self, subject: Agreement, room: int, depth: int) -> Predicate:
        verb = self.verb((BE,), subject, room - 1)
        return Predicate(verb, rules.quality(self.rng.choice(self.words.adjectives), subject), EMPTY)

    def transitive(self, subject: Agreement, room: int, depth: int) -> Predicate:
        verb = self.verb(self.words.transitive, subject, room - 2)
        thing = self.noun_phrase(room - len(verb.source), depth)
        return Predicate(verb, rules.direct_object(thing), EMPTY)

    def placed(self, subject: Agreement, room: int, depth: int) -> Predicate:
        verb = self.verb(self.words.intransitive, subject, room - 3)
        return Predicate(verb, self.prepositional(room - len(verb.source)), EMPTY)

    def ditransitive(self, subject: Agreement, room: int, depth: int) -> Predicate:
        verb = self.verb(self.words.ditransitive, subject, room - 5)
        room -= len(verb.source) + 1
        thing = self.noun_phrase(self.rng.randint(2, room - 2), depth)
        recipient = self.noun_phrase(room - len(thing.source), depth)
        return Predicate(verb, rules.direct_and_indirect(rules.direct_object(thing), recipient), EMPTY)

    def clausal(self, subject: Agreement, room: int, depth: int) -> Predicate:
        verb = self.verb(self.words.clausal, subject, room - 1 - _CLAUSE)
        clause, _ = self.clause(rules.subordinate_clause, room - len(verb.source) - 1, depth=depth + 1)
        return Predicate(verb, EMPTY, rules.content_clause(clause))

    def noun_phrase(self, room: int, depth: int) -> NounPhrase:
        """A noun phrase with at most one modifier after it. It is thus clear which noun the modifier belongs to."""
        chance = self.rng.random()
        if chance < 0.1 and room >= 5:
            first = self.plain(room - 3)
            return rules.coordinated(first, self.plain(room - len(first.source) - 1))
        head = self.plain(room)
        room -= len(head.source)
        if chance < 0.5 and room >= 2 and depth < MAX_DEPTH:
            return rules.modified(head, self.relative(head.agreement, room, depth + 1))
        if chance < 0.65 and room >= 3:
            return rules.modified(head, self.prepositional(room))
        return head

    def relative(self, head: Agreement, room: int, depth: int) -> Phrase:
        if room >= 1 + _CLAUSE and self.rng.random() < 0.4:
            subject = self.noun_phrase(self.rng.randint(2, room - 2), depth)
            verb = self.verb(self.words.transitive, subject.agreement, room - 1 - len(subject.source))
            return rules.object_relative(subject, verb)
        return rules.subject_relative(self.predicate(head, room - 1, depth))

    def prepositional(self, room: int) -> Phrase:
        return rules.join(self.fixed(lexicon.PREPOSITIONS), self.plain(room - 1))

    def fixed(self, words: Mapping[str, str]) -> Phrase:
        return rules.fixed(self.rng.choice(tuple(words)))

    def plain(self, room: int) -> NounPhrase:
        """A determiner, up to two adjectives, and a noun."""
        plural = self.rng.random() < 0.4
        count = min(room - 2, self.rng.choice((0, 0, 1, 1, 2)), len(self.words.adjectives))
        adjectives = self.rng.sample(self.words.adjectives, count)
        determiner = self.rng.choice(lexicon.PLURAL_DETERMINERS if plural else lexicon.SINGULAR_DETERMINERS)
        return rules.noun_phrase(determiner, adjectives, self.rng.choice(self.words.nouns), plural)
