"""The loops, compiled. They stand in one file, as numba compiles a function again only if its own file has changed.

One loop stands elsewhere and has `exp` in it: after a change of `exp`, change `additive_far_loops.py` as well.

The elementary functions in float32 can be vectorised. Those of the C library need a call for each number.

exp is computed by the reduction of Cody and Waite (1980), x = k ln 2 + r with |r| ≤ (ln 2) / 2, and by the polynomial
for e^r of Cephes (Moshier 1989). Its relative error is below 3e-7. sigmoid and tanh have an absolute error below 3e-7.
"""

from typing import Any

import numpy as np
from numba import config, extending, njit, types

from attnbench.private_folder import private_folder

# The flags allow the compiler to reorder sums, so that it can vectorise them. They keep infinities and NaN. With
# Python's rules for errors, each division would have a branch, and no loop with a division could be vectorised.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}, "cache": True}
_config: Any = config


def _find_cache() -> None:
    """Has numba keep what it compiles in a private folder, if it can neither write beside this file nor to the user's
    cache: for example in a container with a user who has no home. Without such a folder, nothing is kept.
    """
    try:
        njit(cache=True)(_find_cache)
    except RuntimeError:
        try:
            _config.CACHE_DIR = str(private_folder() / "numba")
        except OSError:
            OPTIONS["cache"] = False


_find_cache()
compile_loop: Any = njit(**OPTIONS)
_intrinsic: Any = extending.intrinsic
f = np.float32

LOG2_E, LN2_HIGH, LN2_LOW = f(1.4426950408889634), f(0.693359375), f(-2.12194440e-4)
C2, C3, C4 = f(5.0000001201e-1), f(1.6666665459e-1), f(4.1665795894e-2)
C5, C6, C7 = f(8.3334519073e-3), f(1.3981999507e-3), f(1.9875691500e-4)
LOWEST, HIGHEST = f(-87.0), f(88.0)  # beyond these, the result is no normal number
HALF, ONE, TWO = f(0.5), f(1), f(2)
T3, T5, T7, NEAR_ZERO = f(-1 / 3), f(2 / 15), f(-17 / 315), f(0.2)  # of the Taylor series of tanh
SPREAD, FIRST, SECOND = np.uint32(0x9E3779B9), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
STEP = f(2**-23)  # between two uniform numbers; float32 holds each of them, also that next to 1


@_intrinsic
def _as_float32(typing_context: Any, bits: Any) -> Any:
    """The float32 with these bits, an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@_intrinsic
def _as_int32(typing_context: Any, number: Any) -> Any:
    """The bits of a float32, as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int32))

    return types.int32(types.float32), generate


@compile_loop
def exp(x: Any) -> Any:
    """e^x. The argument is kept between `LOWEST` and `HIGHEST`; NaN stays NaN."""
    x = HIGHEST if x > HIGHEST else x
    x = LOWEST if x < LOWEST else x
    k = np.floor(x * LOG2_E + HALF)
    r = x - k * LN2_HIGH
    r = r - k * LN2_LOW
    p = ((((C7 * r + C6) * r + C5) * r + C4) * r + C3) * r + C2
    p = p * r * r + r + ONE
    return p * _as_float32(np.int32((np.int32(k) + np.int32(127)) << np.int32(23)))


@compile_loop
def sigmoid(x: Any) -> Any:
    return ONE / (ONE + exp(-x))


@compile_loop
def tanh(x: Any) -> Any:
    """Near 0 it is the Taylor series: the difference of two numbers near 1 would have few right digits."""
    square = x * x
    series = x * (((T7 * square + T5) * square + T3) * square + ONE)
    return series if abs(x) < NEAR_ZERO else ONE - TWO / (ONE + exp(x + x))


@compile_loop
def from_bf16(bits: Any) -> Any:
    """The number with these bits in bf16, an int16."""
    return _as_float32(np.int32(np.int32(bits) << np.int32(16)))


@compile_loop
def to_bf16(x: Any) -> Any:
    """The bits of the nearest number in bf16, an int16; of two that are equally near, the even one."""
    bits = _as_int32(x)
    return np.int16((bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))) >> np.int32(16))


@compile_loop
def bits(place: int, seed: np.uint32) -> np.uint32:
    """32 random bits of a place."""
    h = np.uint32(np.uint32(place) * SPREAD) ^ seed
    h = np.uint32((h ^ (h >> np.uint32(16))) * FIRST)
    h = np.uint32((h ^ (h >> np.uint32(13))) * SECOND)
    return h ^ (h >> np.uint32(16))


@compile_loop
def drop(states: np.ndarray, result: np.ndarray, threshold: np.uint32, seed: np.uint32, scale: np.float32) -> None:
    """Zero where the bits of a place are below the threshold, elsewhere `scale` times the number."""
    for place in range(len(states)):
        result[place] = states[place] * scale if bits(place, seed) >= threshold else f(0)


@compile_loop
def fill_uniform(uniform: np.ndarray, seed: np.uint32) -> None:
    """Uniform numbers between 0 and 1, both excluded."""
    for place in range(len(uniform)):
        uniform[place] = (np.float32(bits(place, seed) >> np.uint32(9)) + HALF) * STEP


# Each loop below reads and writes few arrays: the compiler vectorises a loop only if it can show, by a few comparisons,
# that no two arrays overlap.


@compile_loop
def step_forward(
    t: int,
    before: int,
    after: int,
    gates: np.ndarray,
    product: np.ndarray,
    bias: np.ndarray,
    states: np.ndarray,
    saved: np.ndarray,
    lengths: np.ndarray,
) -> None:
    """One step: r, z, n and b_n to `saved`, the next state to `states`."""
    width = len(bias)
    for row in range(len(product)):
        old, new = states[before, row], states[after, row]
        if t >= lengths[row]:
            new[:] = old
            continue
        a, b, rz = gates[row, t], product[row], saved[t, row]
        r, z, n, b_n = rz[:width], rz[width : 2 * width], rz[2 * width : 3 * width], rz[3 * width :]
        a_n, b_last = a[2 * width :], b[2 * width :]
        for j in range(2 * width):
            rz[j] = sigmoid(a[j] + b[j])
        for j in range(width):
            b_n[j] = b_last[j] + bias[j]
        for j in range(width):
            n[j] = r[j] * b_n[j]
        for j in range(width):
            n[j] = tanh(a_n[j] + n[j])
        for j in range(width):
            new[j] = old[j] - n[j]
        for j in range(width):
            new[j] = n[j] + z[j] * new[j]


@compile_loop
def step_backward(
    t: int,
    before: int,
    gradients: np.ndarray,
    state: np.ndarray,
    states: np.ndarray,
    saved: np.ndarray,
    gates: np.ndarray,
    products: np.ndarray,
    lengths: np.ndarray,
) -> None:
    """The gradients of a and b, from those of the state after the step. `state` becomes z times its gradient."""
    width = state.shape[1]
    for row in range(len(state)):
        dh, dout, da, db = state[row], gradients[row, t], gates[row, t], products[t, row]
        for j in range(width):
            dh[j] += dout[j]
        if t >= lengths[row]:
            da[:] = 0
            db[:] = 0
            continue
        old, rz = states[before, row], saved[t, row]
        r, z, n, b_n = rz[:width], rz[width : 2 * width], rz[2 * width : 3 * width], rz[3 * width :]
        da_r, da_z, da_n, db_n = da[:width], da[width : 2 * width], da[2 * width :], db[2 * width :]
        for j in range(width):
            da_z[j] = (old[j] - n[j]) * dh[j]
        for j in range(width):
            da_z[j] *= z[j] * (ONE - z[j])
        for j in range(width):
            da_n[j] = dh[j] * (ONE - z[j])
        for j in range(width):
            da_n[j] *= ONE - n[j] * n[j]
        for j in range(width):
            db_n[j] = da_n[j] * r[j]
        for j in range(width):
            da_r[j] = db_n[j] * (ONE - r[j])
        for j in range(width):
            da_r[j] *= b_n[j]
        for j in range(2 * width):
            db[j] = da[j]
        for j in range(width):
            dh[j] *= z[j]


@njit(**OPTIONS | {"fastmath": OPTIONS["fastmath"] | {"nnan"}})  # only without NaN is a maximum vectorised
def _highest(numbers: np.ndarray) -> np.float32:
    """The largest number. If one is NaN it may be any; the loss is NaN all the same."""
    highest = numbers[0]
    for number in numbers:
        highest = max(number, highest)
    return highest


# A reordered sum may add the highest logit back. If it is large, this costs digits.
@njit(error_model="numpy", cache=True)
def _loss(true: np.float32, mean: np.float32, normaliser: np.float32, label_smoothing: np.float32) -> np.float32:
    """The loss of a row: of its true logit and the mean of all, both less the highest, and of the sum of e^them."""
    log_normaliser = np.log(normaliser)
    return (ONE - label_smoothing) * (log_normaliser - true) + label_smoothing * (log_normaliser - mean)


@njit(**OPTIONS, inline="always")
def _row_to_gradient(x: np.ndarray, true: int, label_smoothing: np.float32, scale: np.float32) -> np.float32:
    """Turns the logits of a row `(V,)` into the gradient of `scale` times its loss, and returns the loss.

    It is inlined, since it has sums. Otherwise a process that compiles it would call it compiled alone, and a process
    that reads its caller from numba's cache would call it compiled within the caller: with other sums, of other digits.
    """
    vocabulary = len(x)
    highest, below, normaliser = _highest(x), 0.0, f(0)
    for j in range(vocabulary):
        below += np.float64(x[j] - highest)
    true_below = x[true] - highest
    for j in range(vocabulary):
        x[j] = exp(x[j] - highest)
        normaliser += x[j]
    factor, shift = scale / normaliser, scale * label_smoothing / f(vocabulary)
    for j in range(vocabulary):
        x[j] = x[j] * factor - shift
    x[true] -= scale * (f(1) - label_smoothing)
    return _loss(true_below, f(below / vocabulary), normaliser, label_smoothing)


@compile_loop
def logits_to_gradient(
    logits: np.ndarray, expected: np.ndarray, losses: np.ndarray, label_smoothing: np.float32, scale: np.float32
) -> None:
    """Turns logits `(P, V)` into the gradient of `scale` times the sum of the losses."""
    for row in range(len(logits)):
        losses[row] = _row_to_gradient(logits[row], expected[row], label_smoothing, scale)


@compile_loop
def rounded_logits_to_gradient(
    logits: np.ndarray, expected: np.ndarray, losses: np.ndarray, label_smoothing: np.float32, scale: np.float32
) -> None:
    """The same as `logits_to_gradient`, for the bits of bf16 logits. Within a row, all is float32."""
    exact = np.empty(logits.shape[1], np.float32)
    for row in range(len(logits)):
        bits = logits[row]
        for j in range(len(exact)):
            exact[j] = from_bf16(bits[j])
        losses[row] = _row_to_gradient(exact, expected[row], label_smoothing, scale)
        for j in range(len(exact)):
            bits[j] = to_bf16(exact[j])
