"""The embedded task: translation between two small invented languages, with the true alignment of every sentence."""

from attnbench.errors import UserError
from attnbench.tasks.grammar import lexicon
from attnbench.tasks.grammar.sampling import sample
from attnbench.tasks.random_sets import draw_sets
from attnbench.tasks.task import Task
from attnbench.tasks.vocabulary import WordVocabulary

SHORTEST, LONGEST = 8, 256


def grammar(
    length: int, train: int = 8_000, validation: int = 200, test: int = 500, beyond: int = 200, seed: int = 1
) -> Task:
    """Sentences of length/2 to `length` source words. No source sentence occurs twice, not even in two sets.

    The sentences of the set `beyond` have length + 1 to 2 · length words. The source alone determines the target, so
    that BLEU 100 is possible. The links come from the derivation:

        source  the white train that does not stop the old horses is lost
        target  lo karro ferk albro kwi az li garni veki us ne halat pan stat perdo
        links   0-0 1-3 2-1 2-2 3-4 5-10 5-12 6-9 6-11 7-6 8-8 9-5 9-7 10-13 11-14

    The vocabularies have every word form of the grammar. The ids therefore do not depend on the seed or on the length.
    """
    # Hydra does not check the type of a value.
    if not isinstance(length, int) or not SHORTEST <= length <= LONGEST:
        raise UserError(f"length={length}: the grammar makes sentences of {SHORTEST} to {LONGEST} source words")
    shortest = (length + 1) // 2
    sets = draw_sets(sample, shortest, length, train=train, validation=validation, test=test, beyond=beyond, seed=seed)
    return Task(
        name="grammar",
        source=WordVocabulary(lexicon.source_words(), tokenized=True),
        target=WordVocabulary(lexicon.target_words(), tokenized=True),
        bleu={"tokenize": "none"},
        gold="task",
        **sets,
    )
