"""The roofline model: either arithmetic or memory limits the speed of a device. Williams et al. 2009."""

from attnbench.record import DevicePeak


def attainable(flops: float, bytes: float, peak: DevicePeak) -> float:
    """Returns the highest possible operations per second, if `flops` operations read and write `bytes` bytes."""
    return min(peak.flops_per_s, flops / bytes * peak.bytes_per_s)


def share_of_peak(flops: float, bytes: float, seconds: float, peak: DevicePeak) -> float:
    """Returns the share of the attainable speed that a call of `seconds` reached.

    The share is between 0 and 1. It can be higher if caches replace memory, or if the machine had more other work while
    the peak was measured.
    """
    return flops / seconds / attainable(flops, bytes, peak)
