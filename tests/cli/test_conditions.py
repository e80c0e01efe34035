"""The conditions of an experiment are read off its parameters."""

import pytest

from snn.cli import conditions
from snn.config import params


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        ("digits", "own settings, batch norm but for ltl_offline and ltl_online"),
        ("matched", "equal settings, no norm in spiking networks"),
        ("matched_norm", "equal settings, batch norm in spiking networks"),
        ("claims_fashion", "own settings, batch norm but for ltl_offline and ltl_online"),
        ("digits_all", "variants of rules"),
    ],
)
def test_settings_are_equal_where_every_rule_chooses_from_the_same_and_norms_are_those_of_the_options(
    experiment, words
):
    assert conditions.described(params.load("experiments", experiment)) == words


def test_the_norm_of_a_method_is_told_in_a_word():
    found = {name: conditions.norm(params.load("methods", name)) for name in ("stbp", "stbp_neunorm", "ltl_offline")}
    assert found == {"stbp": "batch norm", "stbp_neunorm": "NeuNorm", "ltl_offline": "no norm"}


def test_every_rule_that_is_ranked_is_a_method():
    assert set(conditions.RULES) <= set(params.names("methods"))
