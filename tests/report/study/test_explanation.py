"""Mechanisms in words, with the formulas and the sources of their choices."""

from attnbench.report.study.explanation import Explanation, parts, plain_name

EXPLANATIONS = {
    "score=additive": Explanation("vᵀ tanh(W_q q + W_k k)", "Bahdanau et al. 2015, appendix A.1.2"),
    "score=gaussian": Explanation("-‖q - k‖²", "Nadaraya 1964; Watson 1964"),
    "score=average": Explanation("0", ""),
    "scope=local_m": Explanation("±D", "Luong et al. 2015, section 3.2"),
    "selection=soft": Explanation("softmax", "Bahdanau et al. 2015, eq. 6"),
    "decoder=luong": Explanation("Attends after the step", "Luong et al. 2015"),
}
ADDITIVE = {"model": "rnn", "decoder": "luong", "score": "additive", "scope": "global", "selection": "soft", "heads": 4}


def test_a_mechanism_in_words() -> None:
    assert plain_name(ADDITIVE, EXPLANATIONS) == "additive (Bahdanau 2015), 4 heads; model rnn, decoder luong"
    local = ADDITIVE | {"score": "average", "scope": "local_m", "heads": 1}
    assert plain_name(local, EXPLANATIONS) == "average, local_m (Luong 2015), 1 head; model rnn, decoder luong"
    assert plain_name(ADDITIVE | {"score": "gaussian"}, EXPLANATIONS).startswith("gaussian (Nadaraya 1964), 4 heads")


def test_no_attention_in_words() -> None:
    bare = {"model": "rnn", "decoder": "none", "decoder.context": "every_step"}
    assert plain_name(bare, EXPLANATIONS) == "no attention, context every step; model rnn"


def test_a_choice_without_an_explanation_is_only_named() -> None:
    assert plain_name({"score": "mine", "heads": 2}, {}) == "mine, 2 heads"
    assert list(parts({"score": "mine"}, [], {})) == []


def test_the_parts_are_the_score_and_what_is_not_usual_or_differs() -> None:
    other = ADDITIVE | {"decoder": "bahdanau"}
    local = ADDITIVE | {"scope": "local_m"}
    assert [part.choice for part in parts(ADDITIVE, [ADDITIVE], EXPLANATIONS)] == ["score=additive"]
    assert [part.choice for part in parts(local, [local], EXPLANATIONS)] == ["score=additive", "scope=local_m"]
    assert [part.choice for part in parts(ADDITIVE, [ADDITIVE, other], EXPLANATIONS)] == [
        "score=additive",
        "decoder=luong",
    ]
