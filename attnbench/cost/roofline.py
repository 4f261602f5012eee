"""The roofline: what a device attains is bounded by its arithmetic or by its memory. Williams et al. 2009."""

from attnbench.record import DevicePeak


def attainable(flops: float, bytes: float, peak: DevicePeak) -> float:
    """Operations a second, at best, of what does `flops` operations on `bytes` that are read and written."""
    return min(peak.flops_per_s, flops / bytes * peak.bytes_per_s)


def share_of_peak(flops: float, bytes: float, seconds: float, peak: DevicePeak) -> float:
    """How much of what was attainable was attained in `seconds`: 0 to 1, more where caches stand in for memory, or
    where the peak was measured on a machine that was busier then.
    """
    return flops / seconds / attainable(flops, bytes, peak)
