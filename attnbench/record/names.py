"""The names of a job's mechanism and condition by themselves. A report names mechanisms by what they differ in."""

from collections.abc import Mapping

from attnbench.record.fields import Factor

CONDITIONS = ("task", "device", "length")  # with their own settings, such as task.pair
PLAIN = {("selection", "soft"), ("scope", "global"), ("heads", 1)}  # the usual attention
NAMING = ("contender", "model", "decoder", "score", "scope", "selection")  # groups that name a mechanism


def factor_text(name: str, value: Factor) -> str:
    """One factor in a label. A string stands for itself; any other value follows its name."""
    return value if isinstance(value, str) else f"{name} {str(value).lower()}"


def is_condition(name: str) -> bool:
    """Whether a factor belongs to the condition, and not to the mechanism."""
    return name.partition(".")[0] in CONDITIONS


def mechanism_name(factors: Mapping[str, Factor]) -> str:
    """The mechanism of a job alone: "rnn · luong · dot · heads 4"."""
    told = [name for name in NAMING if name in factors and (name, factors[name]) not in PLAIN]
    groups = [factor_text(name, factors[name]) for name in told]
    options = [
        factor_text(name, value)
        for name, value in factors.items()
        if not is_condition(name) and (name, value) not in PLAIN and ("." in name or not isinstance(value, str))
    ]
    return " · ".join([*groups, *options])


def condition_name(factors: Mapping[str, Factor]) -> str:
    """The condition of a job alone: "grammar · cpu · length 8"."""
    return " · ".join(factor_text(name, value) for name, value in factors.items() if is_condition(name))
