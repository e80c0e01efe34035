"""params/published.yaml: what can be checked without the papers."""

from collections import Counter
from itertools import pairwise

import pytest

from snn.config.params import literature, load, names
from snn.evaluation.rows import Row

CLAIMS, FIGURES = literature()[0], literature()[1].figures


def value(method, steps, table, metric="accuracy", dataset="cifar100"):
    (figure,) = [
        figure
        for figure in FIGURES
        if (figure.method, figure.steps, figure.table, figure.metric, figure.dataset)
        == (method, steps, table, metric, dataset)
    ]
    return figure.value


def test_no_figure_is_given_twice():
    keys = Counter((f.paper, f.table, f.dataset, f.network, f.method, f.steps, f.metric) for f in FIGURES)
    assert [key for key, times in keys.items() if times > 1] == []


def test_accuracies_and_errors_are_shares():
    assert all(0 < figure.value < 1 for figure in FIGURES if figure.metric in ("accuracy", "error"))


def test_only_remembered_figures_stand_in_no_table_and_they_have_no_spread():
    for figure in FIGURES:
        assert (figure.trust == "memory") == (figure.table == "remembered")
        assert figure.trust != "memory" or figure.spread is None


def test_only_figures_from_plots_are_digitised():
    assert all((figure.trust == "digitised") == figure.table.startswith("Fig. ") for figure in FIGURES)


def test_tandem_learning_is_only_remembered_and_ltl_never_read():
    trust = {paper: {figure.trust for figure in FIGURES if figure.paper == paper} for paper in ("tandem", "LTL")}
    assert trust == {"tandem": {"memory"}, "LTL": {"quoted", "memory"}}


def test_every_network_has_a_file_but_those_whose_layers_nobody_states():
    assert {figure.network for figure in FIGURES} - set(names("networks")) == {"cnn5", "tandem_alexnet", "vgg9"}


def test_every_recipe_has_a_file_but_controls_and_works_of_others():
    without = {figure.method for figure in FIGURES} - set(names("methods"))
    references = {"paper_stbp_ann", "paper_tandem_ann", "paper_tandem_ann_quantised", "paper_tet_ann"}
    smooth = {f"paper_{loss}_smooth_k{k}" for loss in ("sdt", "tet") for k in (1, 10, 20)}
    assert without == {"tdbn", "sew", "spike_based_bp"} | references | smooth | {
        f"paper_tet_cifar_from_t{steps}" for steps in (2, 3, 4)
    }


@pytest.mark.parametrize(("steps", "gain"), [(2, 2.96), (4, 3.25), (6, 3.53)])
def test_tet_gains_over_sdt_what_its_table_1_prints(steps, gain):
    gained = value("paper_tet_cifar", steps, "Table 1") - value("paper_sdt_cifar", steps, "Table 1")
    assert round(100 * gained, 2) == gain


@pytest.mark.parametrize(
    ("steps", "tet", "sdt"), [(2, 54.7, 58.3), (3, 82.2, 87.8), (4, 112.3, 119.4), (5, 139.6, 148.9), (6, 169.9, 174.8)]
)
def test_energy_ratios_are_those_of_the_energies_read_off_the_plot(steps, tet, sdt):
    assert value("paper_tet_cifar", steps, "Fig. 4B", "energy_ratio") == round(tet / sdt, 2)


def test_stbp_errs_less_with_more_steps_and_ends_where_its_table_stands():
    curves = {}
    for figure in FIGURES:
        if figure.table == "Fig. 6":
            curves.setdefault(figure.network, []).append((figure.steps, figure.value, figure.tolerance))
    for curve in curves.values():
        assert all(before[1] > after[1] for before, after in pairwise(sorted(curve)))
    _, error, tolerance = max(curves["stbp_cifarnet"])
    assert abs(1 - error - value("paper_stbp", 12, "Table 5", dataset="cifar10")) < tolerance


# params/claims.yaml

CLAIMS = literature()[0]
EVERY = [*CLAIMS.claims, *CLAIMS.ratios]
COMMON = 8  # comparisons that an experiment is asked for at most, so that they are resolved at 0.05 over their number


def ids(claim):
    return claim.claim


def test_no_claim_is_made_twice():
    words = Counter(claim.claim for claim in (*EVERY, *CLAIMS.untested))
    assert [claim for claim, times in words.items() if times > 1] == []


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=ids)
def test_the_experiment_that_answers_a_claim_runs_both_of_its_sides(claim):
    experiment = load("experiments", claim.answered_by)
    assert not claim.datasets or experiment.dataset in claim.datasets
    assert (load("datasets", experiment.dataset).task == "reconstruction") == (claim.metric == "mse")
    for side in (claim.left, claim.right):
        assert side.method in (experiment.teacher, *experiment.methods)
        assert side.steps is None or side.steps in experiment.steps_eval
        chips = [hardware for hardware in experiment.hardware if hardware.noise == side.noise]
        assert bool(chips) == (side.condition != "clean")
        for hardware in chips if side.condition == "calibrated" else ():
            assert side.calibrator in hardware.calibration.calibrators
            assert side.targets in hardware.calibration.targets


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=ids)
def test_a_claim_is_about_a_column_that_there_is(claim):
    conventions = {f"energy_nj_{name}" for name in names("energy")}
    assert claim.column in {"value_test", "energy_nj", *Row.columns(), *conventions}


@pytest.mark.parametrize("ratio", CLAIMS.ratios, ids=ids)
def test_the_experiment_that_answers_a_ratio_tries_several_steps(ratio):
    experiment = load("experiments", ratio.answered_by)
    assert {ratio.more, ratio.fewer} <= set(experiment.methods)
    assert len(experiment.steps_eval) > 5


@pytest.mark.parametrize("name", sorted({claim.answered_by for claim in EVERY}))
def test_an_experiment_that_answers_claims_asks_for_few_comparisons(name):
    assert len(load("experiments", name).comparisons) <= COMMON


MARGINS = {"no worse": -0.01, "within a point": -0.01, "within two points": -0.02, "is better than": 0.0}


@pytest.mark.parametrize(("words", "margin"), MARGINS.items())
def test_a_claim_in_these_words_has_the_margin_that_they_say(words, margin):
    own = [claim.margin for claim in CLAIMS.claims if words in claim.claim]
    assert own
    assert set(own) == {margin}


def test_a_claim_on_calibrated_chips_compares_with_the_clean_network_and_calibrates_by_the_rule_itself():
    calibrated = [claim for claim in CLAIMS.claims if claim.left.condition == "calibrated"]
    assert calibrated
    for claim in calibrated:
        assert (claim.right.condition, claim.right.method) == ("clean", claim.left.method)
        assert claim.left.calibrator == claim.left.method


def test_a_claim_of_ten_times_fewer_asks_for_ten_times():
    assert CLAIMS.ratios
    assert all("ten times" in claim.claim and claim.times == 10 for claim in CLAIMS.ratios)
