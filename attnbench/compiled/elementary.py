"""Elementary functions in float32 that the compiler can vectorise. Those of the C library need a call for each number.

exp is computed by the reduction of Cody and Waite (1980), x = k ln 2 + r with |r| ≤ (ln 2) / 2, and by the polynomial
for e^r of Cephes (Moshier 1989). Its relative error is below 3e-7. sigmoid and tanh have an absolute error below 3e-7.
"""

from typing import Any

import numpy as np
from numba import extending, njit, types

# The flags allow the compiler to reorder sums, so that it can vectorise them. They keep infinities and NaN. With
# Python's rules for errors, each division would have a branch, and no loop with a division could be vectorised.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}, "cache": True}
compile_loop: Any = njit(**OPTIONS)
_intrinsic: Any = extending.intrinsic
f = np.float32

LOG2_E, LN2_HIGH, LN2_LOW = f(1.4426950408889634), f(0.693359375), f(-2.12194440e-4)
C2, C3, C4 = f(5.0000001201e-1), f(1.6666665459e-1), f(4.1665795894e-2)
C5, C6, C7 = f(8.3334519073e-3), f(1.3981999507e-3), f(1.9875691500e-4)
LOWEST, HIGHEST = f(-87.0), f(88.0)  # beyond these, the result is no normal number
HALF, ONE, TWO = f(0.5), f(1), f(2)


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
    return ONE - TWO / (ONE + exp(x + x))


@compile_loop
def from_bf16(bits: Any) -> Any:
    """The number with these bits in bf16, an int16."""
    return _as_float32(np.int32(np.int32(bits) << np.int32(16)))


@compile_loop
def to_bf16(x: Any) -> Any:
    """The bits of the nearest number in bf16, an int16; of two that are equally near, the even one."""
    bits = _as_int32(x)
    return np.int16((bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))) >> np.int32(16))
