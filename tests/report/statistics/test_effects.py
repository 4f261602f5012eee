"""Effects of factors: by hand, against statsmodels, and in grids with missing cells."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from attnbench.report.statistics import Effects, MarginalMean, Term, effects


def _grid(seeds: int = 3, **levels: list[object]) -> pd.DataFrame:
    """A balanced grid with a response of noise alone."""
    jobs = [dict(zip(levels, cell, strict=True)) for cell in product(*levels.values()) for _ in range(seeds)]
    return pd.DataFrame(jobs).assign(bleu=np.random.default_rng(0).normal(30, 1, len(jobs)))


def _term(found: Effects, name: str) -> Term:
    return next(term for term in found.terms if term.name == name)


def test_balanced_by_hand() -> None:
    # Cells, two jobs each: dot/global 10 12, dot/local 14 16, additive/global 20 22, additive/local 16 18.
    # Grand mean 16, of scores 13 and 19, of scopes 16 and 16; cell means 11, 15, 21, 17.
    # Squares: score 8 · 3² = 72, scope 0, interaction 8 · 2² = 32, within 8 · 1² = 8; in all 112.
    jobs = product(["dot", "additive"], ["global", "local"], range(2))
    frame = pd.DataFrame(jobs, columns=["score", "scope", "seed"]).assign(bleu=[10, 12, 14, 16, 20, 22, 16, 18])
    found = effects(frame, "bleu", ["score", "scope"])
    shares = {term.name: term.share for term in found.terms}
    assert shares == pytest.approx({"score": 72 / 112, "scope": 0, "score × scope": 32 / 112}, abs=1e-12)
    assert {term.name: term.f for term in found.terms} == pytest.approx(
        {"score": 36, "scope": 0, "score × scope": 16}, abs=1e-9
    )
    assert (found.residual_degrees, found.residual_share) == (4, pytest.approx(8 / 112))
    assert (found.overlap_share, found.pooled, found.missing, found.notes) == (0, False, (), ())
    # F(1, 4) = 16 has p = .01613, and F = 36 has .00388: times 2 and times 3 by Holm.
    assert _term(found, "score × scope").p == pytest.approx(0.01613, abs=1e-5)
    assert _term(found, "score × scope").adjusted_p == pytest.approx(0.03226, abs=1e-4)
    assert _term(found, "score").adjusted_p == pytest.approx(0.01165, abs=1e-4)
    # A mean of four jobs whose variance is 8 / 4: 13 ± t(4) · sqrt(2 / 4) = 2.776 · .7071 = 1.963.
    dot = next(each for each in found.means if each.level == "dot")
    assert (dot.factor, dot.jobs) == ("score", 4)
    assert dot.mean
    assert (dot.mean.value, dot.mean.low, dot.mean.high) == pytest.approx((13, 11.037, 14.963), abs=1e-3)


def test_unbalanced_agrees_with_statsmodels() -> None:
    frame = _grid(score=["dot", "additive", "general"], scope=["global", "local"], heads=[1, 4])
    frame["bleu"] += 3 * (frame["score"] == "dot") + 2 * (frame["scope"] == "local") * (frame["heads"] == 4)
    frame = frame.sample(frac=0.7, random_state=0)
    found = effects(frame, "bleu", ["score", "scope", "heads"])
    formula = "bleu ~ (C(score, Sum) + C(scope, Sum) + C(heads, Sum)) ** 2"
    expected = anova_lm(ols(formula, frame).fit(), typ=2)
    total = ((frame["bleu"] - frame["bleu"].mean()) ** 2).sum()
    assert [term.degrees for term in found.terms] + [found.residual_degrees] == list(expected["df"])
    shares = [term.share for term in found.terms] + [found.residual_share]
    assert shares == pytest.approx(list(expected["sum_sq"] / total))
    assert [term.p for term in found.terms] == pytest.approx(list(expected["PR(>F)"])[:-1])
    assert sum(shares) + found.overlap_share == pytest.approx(1)
    assert found.overlap_share != 0


@pytest.mark.slow
def test_no_effect_is_found_as_often_as_chance_has_it() -> None:
    frame = _grid(2, score=["dot", "additive", "general"], scope=["global", "local"])
    chance, found = np.random.default_rng(0), []
    for _ in range(300):
        term = _term(effects(frame.assign(bleu=chance.normal(size=len(frame))), "bleu", ["score", "scope"]), "score")
        assert term.p is not None
        found.append(term.p < 0.05)
    assert 0.02 <= np.mean(found) <= 0.08


def _unbalanced(gain: float) -> dict[str, MarginalMean]:
    """By level, the means of a grid in which additive was measured at the easy length only; dot is better by `gain`."""
    frame = _grid(1, score=["dot", "additive"], length=[16, 48], scope=["global", "local"])
    noise = np.tile([0.1, -0.1], 4)
    frame["bleu"] = 10.0 + gain * (frame["score"] == "dot") - 6 * (frame["length"] == 48) + noise
    kept = pd.DataFrame(frame[(frame["score"] == "dot") | (frame["length"] == 16)])
    return {each.level: each for each in effects(kept, "bleu", ["score", "length"]).means}


def test_means_of_an_unbalanced_grid_are_as_if_it_were_whole() -> None:
    """Whole, both scores would have half of the loss."""
    dot, additive = (_unbalanced(gain=2)[score].mean for score in ("dot", "additive"))
    assert dot
    assert additive
    assert (dot.value, additive.value) == pytest.approx((9, 7))


def test_a_mean_outside_of_what_was_seen_is_not_told() -> None:
    """The model says 7 for additive, and 7.9 is the lowest that was seen."""
    means = _unbalanced(gain=4)
    assert means["dot"].mean
    assert means["additive"].mean is None


def test_missing_cells_by_name() -> None:
    frame = _grid(1, score=["dot", "additive"], scope=["global", "local"], heads=[1, 2, 16])
    gone = ((frame["score"] == "dot") & (frame["heads"] == 16)) | (
        (frame["score"] == "additive") & (frame["scope"] == "local") & (frame["heads"] == 2)
    )
    found = effects(pd.DataFrame(frame[~gone]), "bleu", ["score", "scope", "heads"])
    assert (found.cells, found.missing_cells) == (12, 3)
    assert found.missing == (
        (("score", "dot"), ("heads", "16")),
        (("score", "additive"), ("scope", "local"), ("heads", "2")),
    )


def test_an_interaction_has_the_degrees_that_its_cells_allow() -> None:
    frame = _grid(3, score=["dot", "additive", "general"], length=[16, 48, 96])
    found = effects(
        pd.DataFrame(frame[(frame["score"] != "dot") | (frame["length"] != 96)]), "bleu", ["score", "length"]
    )
    assert _term(found, "score × length").degrees == 3  # 8 cells less the mean and 2 + 2
    assert found.residual_degrees == 16


def test_nothing_is_dropped_in_silence() -> None:
    frame = _grid(3, score=["dot", "additive"], scope=["global", "local"], task=["grammar"])
    frame["decoder"] = np.where(frame["score"] == "dot", "luong", "bahdanau")
    others = [{"task": "grammar", "bleu": 5.0}, {"task": "grammar", "score": "gaussian", "scope": "global", "sigma": 2}]
    frame = pd.concat([frame, pd.DataFrame(others)], ignore_index=True)
    found = effects(frame, "bleu", ["score", "scope", "task", "decoder", "sigma"])
    assert found.jobs == 12
    assert [term.name for term in found.terms] == ["score", "scope", "score × scope"]
    assert found.notes == (
        "1 job left out: bleu is not known. That was all there is of score=gaussian, sigma=2.",
        "sigma is left out: it applies to only 0 of 13 jobs.",
        "1 job left out, without score, scope, decoder.",
        "The same in all of these jobs: task=grammar.",
        "decoder is left out: these jobs cannot separate it from score, scope.",
    )


def test_interactions_that_stand_for_each_other() -> None:
    # Half of a 2⁴ grid: the product of all four signs is +1, so that a × b is c × d.
    signs = [cell for cell in product([-1, 1], repeat=4) if np.prod(cell) == 1]
    frame = pd.DataFrame(signs * 2, columns=list("abcd")).assign(bleu=np.random.default_rng(0).normal(size=16))
    found = effects(frame, "bleu", list("abcd"))
    assert [term.name for term in found.terms] == list("abcd")
    assert found.notes == ("These jobs cannot separate from other terms: a × b, a × c, a × d, b × c, b × d, c × d.",)
    assert found.overlap_share > 0


def test_without_replicates_interactions_are_the_error() -> None:
    found = effects(
        _grid(1, score=["dot", "additive", "general"], scope=["global", "local"]), "bleu", ["score", "scope"]
    )
    assert found.pooled
    assert [term.name for term in found.terms] == ["score", "scope"]
    assert found.residual_degrees == 2
    assert found.notes == (
        "The interactions are the residual: these jobs cannot separate them from noise.",
        "No term is tested: no two values have the same factors.",
    )
    assert {term.p for term in found.terms} == {None}


def test_one_job_a_level_leaves_no_error() -> None:
    found = effects(_grid(1, score=["dot", "additive", "general"]), "bleu", ["score"])
    (term,) = found.terms
    assert (term.share, term.f, term.p, term.adjusted_p) == (pytest.approx(1), None, None, None)
    assert all(each.mean is None for each in found.means)
    assert found.notes == ("No term is tested: there is no residual.",)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (_grid(3, score=["dot"]), "no factor varies"),
        (_grid(3, score=["dot", "additive"]).assign(bleu=7.0), "bleu does not vary"),
        (_grid(3, score=["dot", "additive"]).assign(bleu=None), "no factor varies"),
        (_grid(1, score=["dot"])[:0], "no factor varies"),
    ],
)
def test_nothing_to_explain(frame: pd.DataFrame, reason: str) -> None:
    found = effects(frame, "bleu", ["score"])
    assert (found.terms, found.means) == ((), ())
    assert found.notes[-1] == f"Nothing to explain: {reason}."


def test_numbers_are_ordered_by_size() -> None:
    frame = _grid(2, length=["128", "16", "none", "48"], heads=[16, None, 2])
    assert [each.level for each in effects(frame, "bleu", ["length"]).means] == ["16", "48", "128", "none"]
    assert [each.level for each in effects(frame, "bleu", ["heads"]).means] == ["2", "16"]


def test_means_without_noise_have_no_interval() -> None:
    frame = _grid(seeds=2, score=["dot", "additive"])
    found = effects(frame.assign(bleu=[30.0, 30.0, 40.0, 40.0]), "bleu", ["score"])
    assert [term.p for term in found.terms] == [None]
    means = {each.level: each.mean for each in found.means}
    assert {level: mean and (round(mean.value, 9), mean.known) for level, mean in means.items()} == {
        "dot": (30, False),
        "additive": (40, False),
    }
