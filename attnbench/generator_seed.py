"""Any whole number as the seed of a random number generator."""

import hashlib

LIMIT = 2**64  # torch takes no larger seed


def generator_seed(seed: int) -> int:
    """The seed itself if every generator takes it, or else a hash of it: if it is negative, or as large as `LIMIT`.

    Python's generator would take a negative seed for the positive one.
    """
    if 0 <= seed < LIMIT:
        return seed
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8])
