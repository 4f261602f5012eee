"""The embedded task: translation between two small invented languages, with the true alignment of every sentence."""

from functools import partial

from attnbench.errors import UserError
from attnbench.tasks.grammar.lexicon import CONTENT_WORDS, source_words, target_words
from attnbench.tasks.grammar.sampling import sample
from attnbench.tasks.random_sets import draw_sets
from attnbench.tasks.task import Task
from attnbench.tasks.vocabulary import WordVocabulary

SHORTEST, LONGEST = 8, 256


def grammar(
    length: int,
    lexicon: float = 0.15,
    train: int = 500,
    validation: int = 200,
    test: int = 500,
    beyond: int = 200,
    seed: int = 1,
) -> Task:
    """Sentences of length/2 to `length` source words. No source sentence occurs twice, not even in two sets.

    The sentences of the set `beyond` have length + 1 to 2 · length words. The source alone determines the target, so
    that BLEU 100 is possible. The links come from the derivation:

        source  the white train that does not stop the old horses is lost
        target  lo karro ferk albro kwi az li garni veki us ne halat pan stat perdo
        links   0-0 1-3 2-1 2-2 3-4 5-10 5-12 6-9 6-11 7-6 8-8 9-5 9-7 10-13 11-14

    `lexicon` is the share of the nouns, adjectives and verbs that occur. With fewer words, a model learns more quickly.
    The vocabularies have every form of the words that may occur. The ids therefore do not depend on the seed or on the
    length.
    """
    # Hydra does not check the type of a value.
    if not isinstance(length, int) or not SHORTEST <= length <= LONGEST:
        raise UserError(f"length={length}: the grammar makes sentences of {SHORTEST} to {LONGEST} source words")
    if not isinstance(lexicon, float | int) or not 0 < lexicon <= 1:
        raise UserError(f"task.lexicon={lexicon}: must be greater than 0, and at most 1")
    shortest, words = (length + 1) // 2, CONTENT_WORDS.share(lexicon)
    draw = partial(sample, words=words)
    sets = draw_sets(draw, shortest, length, train=train, validation=validation, test=test, beyond=beyond, seed=seed)
    return Task(
        name="grammar",
        source=WordVocabulary(source_words(words), tokenized=True),
        target=WordVocabulary(target_words(words), tokenized=True),
        bleu={"tokenize": "none"},
        gold="task",
        **sets,
    )
