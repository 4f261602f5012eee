"""The words of the embedded grammar: an English-like source, and an invented target that shows gender and number.

The tables have stems. Rules add the endings, so that one row describes a word completely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Noun:
    """A noun. Only the target has gender. `compound` is a second target word that is never inflected."""

    singular: str
    plural: str
    stem: str
    feminine: bool
    animate: bool
    compound: str = ""


@dataclass(frozen=True)
class Adjective:
    """An adjective. The source does not inflect it. In the target, most follow their noun; a few come `before` it."""

    word: str
    stem: str
    before: bool = False


@dataclass(frozen=True)
class Verb:
    """A verb.

    `particle` is a second target word. Main clauses separate it from the verb. `inanimate`, if given, is the stem for a
    subject that is a thing: "runs" has one translation for a horse and another for a machine.
    """

    third: str
    plural: str
    stem: str
    particle: str = ""
    inanimate: str = ""
    bare: str = ""  # the infinitive, if it is not the plural form

    @property
    def infinitive(self) -> str:
        return self.bare or self.plural


@dataclass(frozen=True)
class Determiner:
    """A determiner. If a form is empty, the determiner does not exist in this number."""

    singular: str
    plural: str
    stem: str


def inflect(stem: str, feminine: bool, plural: bool) -> str:
    """The endings of nouns, adjectives, determiners and pronouns: lo, la, li, le."""
    return stem + ("ie"[feminine] if plural else "oa"[feminine])


def finite(stem: str, plural: bool) -> str:
    return stem + ("ant" if plural else "at")


def infinitive(stem: str) -> str:
    return stem + "ar"


def _nouns(table: str, *, animate: bool) -> tuple[Noun, ...]:
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(Noun(one, many, stem, gender == "f", animate, *rest) for one, many, stem, gender, *rest in rows)


NOUNS = _nouns(
    """
    dog dogs brak m
    cat cats mirl f
    king kings tarv m
    queen queens solm f
    child children pikl m
    woman women dorn m
    man men horv f
    bird birds silv f
    horse horses garn m
    wolf wolves lupr f
    farmer farmers zembl m
    sailor sailors nafk f
    mouse mice tipl f
    friend friends amk m
    neighbour neighbours vezn m bai
    grandmother grandmothers medr f gron
    """,
    animate=True,
) + _nouns(
    """
    house houses kast f
    tree trees bolm m
    river rivers flun f
    machine machines takl m
    stone stones petk m
    book books skrif f
    boat boats navl m
    lamp lamps lumn f
    road roads vrad m
    field fields agl f
    door doors porl m
    letter letters epst f
    wheel wheels rotv m
    star stars zirn f
    train trains karr m ferk
    lighthouse lighthouses torn f lum
    """,
    animate=False,
)

ADJECTIVES = (
    Adjective("old", "vek"),
    Adjective("red", "rosk"),
    Adjective("blue", "blav"),
    Adjective("heavy", "pond"),
    Adjective("quiet", "tazn"),
    Adjective("strange", "mirv"),
    Adjective("strong", "fork"),
    Adjective("lost", "perd"),
    Adjective("small", "min"),
    Adjective("white", "albr"),
    Adjective("broken", "krup"),
    Adjective("clean", "purn"),
    Adjective("big", "grun", before=True),
    Adjective("good", "bul", before=True),
    Adjective("new", "niv", before=True),
)

INTRANSITIVE = (
    Verb("sleeps", "sleep", "dorv"),
    Verb("waits", "wait", "spet"),
    Verb("sings", "sing", "kanv"),
    Verb("disappears", "disappear", "svan"),
    Verb("runs", "run", "kurv", inanimate="funk"),
    Verb("turns", "turn", "volt", inanimate="girl"),
    Verb("falls", "fall", "kad", particle="af"),
    Verb("arrives", "arrive", "ven", particle="in"),
)

TRANSITIVE = (
    Verb("sees", "see", "vid"),
    Verb("follows", "follow", "segv"),
    Verb("loves", "love", "lyub"),
    Verb("finds", "find", "trov"),
    Verb("hears", "hear", "aud"),
    Verb("needs", "need", "zarf"),
    Verb("protects", "protect", "skud"),
    Verb("carries", "carry", "nosk", inanimate="tragl"),
    Verb("hides", "hide", "kel", inanimate="mask"),
    Verb("calls", "call", "ruf", particle="an"),
    Verb("watches", "watch", "gled", particle="op"),
    Verb("stops", "stop", "hal", particle="us"),
)

DITRANSITIVE = (
    Verb("gives", "give", "don"),
    Verb("sends", "send", "mand"),
    Verb("shows", "show", "pokr"),
)

CLAUSAL = (
    Verb("knows", "know", "znav"),
    Verb("says", "say", "rek"),
    Verb("hopes", "hope", "elpr"),
)

BE = Verb("is", "are", "st", bare="be")

DETERMINERS = (
    Determiner("the", "the", "l"),
    Determiner("one", "some", "un"),
    Determiner("this", "these", "kest"),
    Determiner("my", "my", "mej"),
    Determiner("every", "", "omn"),
    Determiner("", "many", "molt"),
)
SINGULAR_DETERMINERS = tuple(determiner for determiner in DETERMINERS if determiner.singular)
PLURAL_DETERMINERS = tuple(determiner for determiner in DETERMINERS if determiner.plural)

PRONOUN = Determiner("it", "they", "el")

# Words that are inflected in neither language.
PREPOSITIONS = {"near": "prox", "under": "sub", "behind": "hint", "with": "kon", "without": "zen"}
ADVERBS = {"today": "oje", "often": "saep", "now": "nun", "sometimes": "alkun"}
COORDINATORS = {"but": "ma", "so": "dunk", "or": "od"}
SUBORDINATORS_BEFORE = {"when": "vann", "if": "sei"}
SUBORDINATORS_AFTER = {"because": "perk", "although": "kamen"}
FIXED = {"and": "et", "to": "ad", ",": ",", **PREPOSITIONS, **ADVERBS, **COORDINATORS}
FIXED |= SUBORDINATORS_BEFORE | SUBORDINATORS_AFTER

# Words whose translation depends on other words. "that" becomes a subject or an object relative, or is dropped; "do" is
# dropped; "not" becomes two words; animate direct objects get a marker that the source does not have.
THAT, WILL, NOT, DO, DOES = "that", "will", "not", "do", "does"
SUBJECT_RELATIVE, OBJECT_RELATIVE = "kwi", "kwem"
FUTURE_STEM = "vol"
NEGATION = ("ne", "pan")
ANIMATE_OBJECT = "az"


@dataclass(frozen=True)
class ContentWords:
    """The words that occur in sentences, beside the function words, which always do."""

    nouns: tuple[Noun, ...]
    adjectives: tuple[Adjective, ...]
    intransitive: tuple[Verb, ...]
    transitive: tuple[Verb, ...]
    ditransitive: tuple[Verb, ...]
    clausal: tuple[Verb, ...]

    def share(self, share: float) -> "ContentWords":
        """This share of each class, at least one word, spread evenly over its table."""
        return ContentWords(*(_spread(getattr(self, field.name), share) for field in fields(self)))

    def verbs(self) -> Iterator[Verb]:
        yield from (*self.intransitive, *self.transitive, *self.ditransitive, *self.clausal, BE)


CONTENT_WORDS = ContentWords(NOUNS, ADJECTIVES, INTRANSITIVE, TRANSITIVE, DITRANSITIVE, CLAUSAL)


def source_words(words: ContentWords = CONTENT_WORDS) -> list[str]:
    """Every source word form, in an order that depends only on this file."""
    forms = [THAT, WILL, NOT, DO, DOES, *FIXED, *(adjective.word for adjective in words.adjectives)]
    for word in (*DETERMINERS, PRONOUN, *words.nouns):
        forms += [word.singular, word.plural]
    for verb in words.verbs():
        forms += [verb.third, verb.plural, verb.infinitive]
    return _distinct(forms)


def target_words(words: ContentWords = CONTENT_WORDS) -> list[str]:
    """Every target word form, in an order that depends only on this file."""
    forms = [SUBJECT_RELATIVE, OBJECT_RELATIVE, *NEGATION, ANIMATE_OBJECT, *FIXED.values()]
    for word in (*DETERMINERS, PRONOUN):
        numbers = [plural for plural, form in ((False, word.singular), (True, word.plural)) if form]
        forms += [inflect(word.stem, feminine, plural) for plural in numbers for feminine in (False, True)]
    for adjective in words.adjectives:
        forms += [inflect(adjective.stem, feminine, plural) for plural in (False, True) for feminine in (False, True)]
    for noun in words.nouns:
        forms += [inflect(noun.stem, noun.feminine, plural) for plural in (False, True)] + [noun.compound]
    forms += [finite(FUTURE_STEM, plural) for plural in (False, True)]
    for verb in words.verbs():
        forms.append(verb.particle)
        for stem in filter(None, (verb.stem, verb.inanimate)):
            forms += [finite(stem, False), finite(stem, True), infinitive(stem)]
    return _distinct(forms)


def _spread(table: Sequence[T], share: float) -> tuple[T, ...]:
    count = max(1, round(share * len(table)))
    return tuple(table[round(place * (len(table) - 1) / max(1, count - 1))] for place in range(count))


def _distinct(forms: list[str]) -> list[str]:
    return [form for form in dict.fromkeys(forms) if form]
