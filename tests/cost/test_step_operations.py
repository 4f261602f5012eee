"""The operations of a training step, compared with counts by hand."""

from functools import partial

import pytest
import torch

from attnbench.attention import Attention
from attnbench.attention.kernels import DenseKernel, FusedKernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Additive, Average, Dot, General, Score
from attnbench.attention.selections import Reinforce, Selection, Soft
from attnbench.cost.step_operations import step_flops
from attnbench.models.rnn import RNN
from attnbench.models.rnn.decoders import Decoder, Luong, NoAttention

B, S, T, W, V = 2, 3, 5, 4, 7  # sentences, source and target tokens, width, types
CPU = torch.device("cpu")
STATE = 2 * W * W  # operations of a map from a state to a state
READER = 2 * B * (6 * S - 1)
"""Products of a gate in the encoder: two directions, 3 passes, 2 products for each token, but no gradient for the first
state, which is a constant."""
WRITER = 3 * B * T * 2  # of the decoder, whose first state is no constant
BRIDGE, STATES = B * 2 * STATE, B * S * 2 * STATE  # one pass of the maps of the encoder's states, from both directions
READ_OUT = 3 * B * T * (STATE + 2 * W * V)
# Without attention, no gradient reaches the states of the encoder. With it, the readout reads the context too.
NO_ATTENTION = 3 * (READER + WRITER) * STATE + 3 * BRIDGE + STATES + READ_OUT
LUONG = NO_ATTENTION + 2 * STATES + 3 * B * T * STATE
PAIRS = B * T * S


def model(decoder: partial[Decoder], cell: str = "gru") -> RNN:
    shape = {"embedding": W, "width": W, "layers": 1, "bidirectional": True, "dropout": 0.5}
    return RNN(V, V, decoder=decoder, cell=cell, **shape)  # pyright: ignore[reportArgumentType]


def luong(score: type[Score] = Dot, selection: type[Selection] = Soft, *, fused: bool = False) -> RNN:
    kernel = FusedKernel() if fused else DenseKernel()
    parts = {"score": score, "scope": Global, "selection": selection, "key_value": Tied, "kernel": kernel}
    return model(partial(Luong, attention=lambda width: Attention(width, **parts)))


def counted(made: RNN) -> int:
    """The operations of a step without a loss of its own: the sum of all logits, and the losses of the draws."""
    source, target = torch.full((B, S), 4), torch.full((B, T), 5)

    def step() -> None:
        decoded = made.read(source, torch.full((B,), S), target)
        loss = made.output_map(decoded.readouts).sum()
        reward = torch.zeros(B, T, dtype=loss.dtype)
        (loss + sum(draw.loss(reward, torch.ones(B, T, dtype=torch.bool)) for draw in decoded.draws)).backward()

    return step_flops(made.train(), step, CPU)


COMPARE, SELECT, MIX = 2 * W, 5, 2 * W


@pytest.mark.parametrize(
    ("made", "flops"),
    [
        (model(partial(NoAttention, context="initial")), NO_ATTENTION),
        (luong(), LUONG + 3 * PAIRS * (COMPARE + SELECT + MIX)),
        (luong(Additive), LUONG + 3 * PAIRS * (4 * W + SELECT + MIX) + 3 * B * (S + T) * STATE),
        (luong(General), LUONG + 3 * PAIRS * (COMPARE + SELECT + MIX) + 3 * B * T * STATE),
        (luong(Average), LUONG + PAIRS * (2 + SELECT + 2 * MIX)),  # only the values have a gradient
        (luong(fused=True), LUONG + 3 * PAIRS * (COMPARE + SELECT + MIX) + PAIRS * (COMPARE + SELECT)),
        # The context has no gradient for the weights, but the loss of the draws has one for the scores.
        (luong(selection=Reinforce), LUONG + PAIRS * (3 * COMPARE + 3 * 14 + 2 * MIX)),
    ],
    ids=["none", "dot", "additive", "general", "average", "fused", "reinforce"],
)
def test_a_step_by_hand(made: RNN, flops: int) -> None:
    assert counted(made) == flops


def test_an_lstm_counts_as_what_it_computes() -> None:
    """It has 4 gates, and a map for each of its two last states. On the CPU, torch may compute it in one piece."""
    made = model(partial(NoAttention, context="initial"), "lstm")
    assert counted(made) == NO_ATTENTION + (READER + WRITER) * STATE + 3 * BRIDGE
