"""How many threads a training takes. Times are made up: a real clock would make the test depend on the machine."""

from collections.abc import Callable, Iterator

import pytest
import torch

from attnbench.device import Compute
from attnbench.job import threads
from attnbench.job.threads import take_threads_that_pay, threads_restored
from tests.models import learning, toy

CPU = Compute(torch.device("cpu"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threads_restored():
        yield


@pytest.mark.parametrize(
    ("ms", "most", "taken"),
    [
        ({1: 10.0, 2: 9.5, 4: 9.1}, 4, 1),  # nothing gained
        ({1: 10.0, 2: 6.0, 4: 5.9}, 4, 2),  # the rest gain nothing
        ({1: 10.0, 2: 6.0, 3: 4.0}, 3, 3),
        ({1: 10.0}, 1, 1),
    ],
)
def test_the_fewest_threads_that_pay(
    ms: dict[int, float], most: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once_ms(step: Callable[[], object], device: torch.device) -> float:
        step()
        return ms[torch.get_num_threads()]

    monkeypatch.setattr(threads, "once_ms", once_ms)
    torch.set_num_threads(most)
    model = toy.build(*toy.MODELS["luong"])
    before = [parameter.clone() for parameter in model.parameters()]
    take_threads_that_pay(model, learning.RECIPE, learning.batch(), CPU)
    assert torch.get_num_threads() == taken
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))


def test_the_number_is_restored() -> None:
    with threads_restored():
        torch.set_num_threads(3)
    assert torch.get_num_threads() == 1
