"""The roofline: arithmetic or memory limits what a device attains. Williams et al. 2009."""

from attnbench.record import DevicePeak


def attainable(flops: float, bytes: float, peak: DevicePeak) -> float:
    """Operations per second, at best, for `flops` operations on `bytes` that are read and written."""
    return min(peak.flops_per_s, flops / bytes * peak.bytes_per_s)


def share_of_peak(flops: float, bytes: float, seconds: float, peak: DevicePeak) -> float:
    """The share of the attainable speed that was attained in `seconds`.

    It is 0 to 1. It can be more if caches replace memory, or if the machine was busier when the peak was measured.
    """
    return flops / seconds / attainable(flops, bytes, peak)
