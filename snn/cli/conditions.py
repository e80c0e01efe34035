"""Under which conditions an experiment compares rules: settings, norms, which rules at all. No torch."""

from pathlib import Path

from snn.config import Experiment, Method, params
from snn.report.words import listed

UNTRAINED = ("conversion", "conversion_32_steps")
RULES = (  # that README names; other methods are variants of them, or recipes
    "stbp",
    "stbp_neunorm",
    "tet",
    "sdt",
    "tandem",
    "tandem_lif",
    "ltl_offline",
    "ltl_online",
    *UNTRAINED,
)
NEUNORM, BATCH, NONE = "NeuNorm", "batch norm", "no norm"


def ranks_rules(experiment: Experiment) -> bool:
    """Whether the experiment compares rules, not variants of them or recipes."""
    return set(experiment.methods) <= set(RULES)


def norm(method: Method) -> str:
    """The norm of the spiking network of a method."""
    words = {"neunorm": NEUNORM, "norm": BATCH}
    return next((word for option, word in words.items() if getattr(method.options, option, None)), NONE)


def norms(experiment: Experiment) -> dict[str, str]:
    """The norm of every method of an experiment."""
    return {name: norm(_method(experiment, name)) for name in experiment.methods}


def described(experiment: Experiment) -> str:
    """The conditions in words: whether all rules have equal settings or each its own, and their norms."""
    if not ranks_rules(experiment):
        return "variants of rules"
    settings = "equal settings" if experiment.learning_rates else "own settings"
    found = {name: own for name, own in norms(experiment).items() if name not in UNTRAINED and own != NEUNORM}
    if len(set(found.values())) == 1:
        return f"{settings}, {next(iter(found.values()))} in spiking networks"
    without = [name for name, own in found.items() if own == NONE]
    return f"{settings}, batch norm but for {listed(without)}"


def _method(experiment: Experiment, name: str) -> Method:
    """A method with what the experiment changes of it."""
    return params.load_method(name, experiment.overrides.get(name, {}), Path("params/experiments"))
