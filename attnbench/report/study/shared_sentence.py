"""The test sentence in which mechanisms are shown side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from attnbench.record import Alignment
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study

END = "</s>"  # of a sentence, among its tokens
READABLE = 24  # tokens along a side, so that each can be labelled


@dataclass(frozen=True)
class SharedSentence:
    """A source sentence.

    Args:
        source: its tokens.
        condition: that of the jobs.
        jobs: by mechanism, in the order of the legend, a job that has an alignment of it.
    """

    source: tuple[str, ...]
    condition: str
    jobs: dict[str, int]

    @property
    def text(self) -> str:
        return " ".join(words(self.source))

    def alignment(self, study: Study, mechanism: str) -> Alignment | None:
        """The alignment by a mechanism, read from the file of its job; None if the file no longer exists."""
        found = study.alignments(self.jobs[mechanism])
        return next((each for each in found if (*each.source,) == self.source), None)


def words(tokens: Sequence[str]) -> list[str]:
    """Tokens without the end of the sentence."""
    return [token for token in tokens if token != END]


def shared_sentence(study: Study) -> SharedSentence | None:
    """The sentence that most mechanisms share at the shortest length. Of several, a short and early one. None if no job
    has alignments.
    """
    here = [place for job, place in enumerate(study.condition) if study.sources(job)]
    shortest = min(here, key=natural_key, default="")
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for job, (mechanism, condition) in enumerate(zip(study.mechanism, study.condition, strict=True)):
        for source in study.sources(job) if condition == shortest else ():
            found.setdefault(source, {}).setdefault(mechanism, job)
    if not found:
        return None
    source = max(found, key=lambda tokens: (len(found[tokens]), len(tokens) <= READABLE))
    return SharedSentence(
        source, shortest, {name: found[source][name] for name in study.encoding.styles if name in found[source]}
    )
