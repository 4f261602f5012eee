"""From how many test sentences on there is an interval, and how narrow it may be."""

FEWEST_SENTENCES = 20  # for an interval or a test; with fewer, the unseen sentences alone may move a score by 15 %
MISSED = 0.05  # the probability that the unseen sentences are more than `unseen` says


def unseen(sentences: int) -> float:
    """The share of all sentences that may be of a kind that is not in the sample: the rule of three, exactly.

    If this share is p, then none of n sentences is of the kind with probability (1 - p)^n. This is 5 % at about 3/n. A
    bootstrap draws the sample's own sentences. If these are all equal, it says that a score is certain.
    """
    return 1 - MISSED ** (1 / sentences)
