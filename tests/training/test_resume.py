"""A training that is interrupted goes on where it was, and ends with the same digits."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attnbench.attention.selections import Gumbel, Reinforce, Selection, Soft
from attnbench.device import Compute
from attnbench.models.rnn.rnn import RNN
from attnbench.record import HistoryPoint
from attnbench.training import interrupts
from attnbench.training.fit import Callbacks, Fitted, fit
from attnbench.training.recipe import Recipe
from attnbench.training.resume import NAME, StateFile
from tests.marks import slow
from tests.training.small_model import CPU, RECIPE, model, same, task, timeless

OWNER = {"key": "1"}


def run(
    made: RNN, recipe: Recipe, kept: StateFile, pause: Callable[[], Any] = lambda: None, seen: Any = lambda point: None
) -> Fitted:
    callbacks = Callbacks(
        progress=False, pause=lambda: pause() or 0.0, validated=seen, updated=lambda update, values: None
    )
    return fit(made, task(), recipe, Compute(CPU), seed=1, callbacks=callbacks, kept=kept)


def interrupting(after: int, how: Callable[[], Any]) -> Callable[[], Any]:
    """A pause that interrupts the training after some updates."""
    updates = iter(range(1, after + 1))
    return lambda: how() if next(updates) == after else None


def stop() -> None:
    raise KeyboardInterrupt


def die() -> None:
    raise MemoryError


# Updates: a validation is at 3 and 6, an epoch ends after 4.
@pytest.mark.parametrize("after", [slow(1), 3, slow(5), 7])
@pytest.mark.parametrize("averaging", [slow(0.0), 0.5])
@pytest.mark.parametrize("selection", [Soft, Gumbel, Reinforce])
def test_it_ends_with_the_same_digits(tmp_path: Path, after: int, selection: type[Selection], averaging: float) -> None:
    recipe = replace(RECIPE, teacher_forcing=0.5, averaging=averaging)
    whole, parted, lost = model(selection), model(selection), model(selection)
    expected = run(whole, recipe, StateFile(tmp_path / "whole", OWNER)).account
    kept = StateFile(tmp_path / NAME, OWNER)
    with pytest.raises(KeyboardInterrupt):
        run(lost, recipe, kept, interrupting(after, stop))
    found = run(parted, recipe, kept).account
    assert timeless(found.history) == timeless(expected.history) and same(parted, whole)
    assert replace(found, train_s=0.0, history=[]) == replace(expected, train_s=0.0, history=[])


def test_without_a_last_word_it_goes_on_from_its_last_validation(tmp_path: Path) -> None:
    """As after a SIGKILL, which no process hears."""
    kept, whole, parted, updates = StateFile(tmp_path / NAME, OWNER), model(), model(), []
    run(whole, RECIPE, StateFile(tmp_path / "whole", OWNER))
    with pytest.raises(MemoryError):
        run(model(), RECIPE, kept, interrupting(5, die))
    state = kept.load()
    assert state and state["monitor"]["updates"] == 3
    run(parted, RECIPE, kept, lambda: updates.append(1))
    assert len(updates) == 5 and same(parted, whole)  # after 4 to 8; the ninth is the last


def test_what_was_validated_is_told_again(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / NAME, OWNER)
    seen: list[HistoryPoint] = []
    with pytest.raises(KeyboardInterrupt):
        run(model(), RECIPE, kept, interrupting(7, stop))
    run(model(), RECIPE, kept, seen=seen.append)
    assert [point.update for point in seen] == [3, 6, 9]


def test_a_training_that_had_ended_is_not_trained_further(tmp_path: Path) -> None:
    kept, first, again, updates = StateFile(tmp_path / NAME, OWNER), model(), model(), []
    expected = run(first, RECIPE, kept).account
    found = run(again, RECIPE, kept, lambda: updates.append(1)).account
    assert not updates and same(first, again) and found.history == expected.history
    assert found.train_s >= expected.history[-1].elapsed_s


def test_seconds_of_an_earlier_process_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, clock = StateFile(tmp_path / NAME, OWNER), [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def stop_late() -> None:
        clock[0] += 100
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model(), RECIPE, kept, interrupting(5, stop_late))
    clock[0] = 1e6
    assert run(model(), RECIPE, kept).account.train_s == 100


def test_a_state_of_another_owner_is_not_used(tmp_path: Path) -> None:
    StateFile(tmp_path / NAME, OWNER).save({"updates": 3})
    assert StateFile(tmp_path / NAME, OWNER).load() == {"updates": 3}
    assert StateFile(tmp_path / NAME, {"key": "2"}).load() is None


def test_a_damaged_state_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = StateFile(tmp_path / NAME, OWNER)
    kept.save({"updates": 3})
    kept.path.write_bytes(kept.path.read_bytes()[:100])
    assert kept.load() is None and "training.pt cannot be read" in caplog.text


def test_a_state_that_cannot_be_written_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    StateFile(tmp_path / "absent" / NAME, OWNER).save({"updates": 3})
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("number", interrupts.ENDING)
def test_signals_wait_for_the_end_of_an_update(number: signal.Signals) -> None:
    came: list[int] = []
    before = signal.signal(number, lambda number, frame: came.append(number))
    try:
        with interrupts.deferred():
            os.kill(os.getpid(), number)
            assert not came
        assert came == [number]
    finally:
        signal.signal(number, before)
