"""A learning rate is chosen by its mean over tuning seeds, at the epoch that training keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.core import stored
from snn.core.errors import InputError
from snn.training import tuning
from snn.training.tuning import Tried, best, chosen

VALUES = st.dictionaries(
    st.floats(1e-5, 1.0), st.lists(st.none() | st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=6
)


def tried(folder, lr, seed, *epochs, planned=None) -> Tried:
    """A tuning run with these validation values and losses."""
    path = folder / f"{lr}-{seed}" / "epochs.csv"
    path.parent.mkdir()
    rows = [{"epoch": i, "value_val": value, "validation_loss": loss} for i, (value, loss) in enumerate(epochs, 1)]
    stored.write_csv(path, rows, ["epoch", "value_val", "validation_loss"])
    return Tried(lr, seed, path, planned or len(epochs))


def test_the_best_mean_over_seeds_is_chosen_not_the_best_single_run():
    assert best({0.1: [0.99, 0.50], 0.2: [0.80, 0.80]}, "higher") == 0.2


def test_the_least_squared_error_is_chosen():
    assert best({0.1: [0.02, 0.02], 0.2: [0.01, 0.01]}, "lower") == 0.2


def test_of_equally_good_rates_the_one_named_first_is_chosen():
    assert best({0.3: [0.7, 0.7], 0.2: [0.8, 0.9], 0.1: [0.9, 0.8]}, "higher") == 0.2
    assert best({0.1: [0.9, 0.8], 0.2: [0.8, 0.9]}, "higher") == 0.1


@given(VALUES, st.sampled_from(["higher", "lower"]))
def test_no_rate_is_better_and_none_with_a_missing_value_is_chosen(by_rate, direction):
    complete = {lr: sum(values) / 3 for lr, values in by_rate.items() if None not in values}
    found = best(by_rate, direction)
    if not complete:
        assert found is None
    else:
        extreme = max(complete.values()) if direction == "higher" else min(complete.values())
        assert complete[found] == pytest.approx(extreme, abs=1e-11)


def test_a_run_counts_with_the_epoch_that_training_keeps(tmp_path):
    """The highest accuracy is that epoch; of errors it is the lowest."""
    runs = [
        tried(tmp_path, 0.1, 100, (0.5, 9.0), (0.9, 9.0), (0.6, 1.0)),
        tried(tmp_path, 0.2, 100, (0.8, 1.0), (0.8, 1.0), (0.8, 1.0)),
    ]
    assert tuning.run(runs, "classification", tmp_path) == {"lr": 0.1}
    assert [row["value_val"] for row in stored.read_csv(tmp_path / "tuning.csv", "")] == ["0.9", "0.8"]
    assert tuning.run(runs, "reconstruction", tmp_path) == {"lr": 0.1}
    assert [row["value_val"] for row in stored.read_csv(tmp_path / "tuning.csv", "")] == ["0.5", "0.8"]


def test_what_was_written_is_what_a_training_reads(tmp_path):
    runs = [tried(tmp_path, lr, seed, (lr, 1.0)) for lr in (3e-4, 0.03, 0.01) for seed in (100, 101)]
    found = tuning.run(runs, "classification", tmp_path)
    assert chosen(tmp_path / "tuning.csv") == found["lr"] == 0.03


def test_a_run_with_fewer_epochs_than_planned_diverged_and_one_without_any_excludes_its_rate(tmp_path):
    runs = [
        tried(tmp_path, 0.1, 100, (0.4, 1.0), planned=1),
        tried(tmp_path, 0.2, 100, (0.7, 1.0), planned=5),
        tried(tmp_path, 0.3, 100, planned=5),
    ]
    assert tuning.run(runs, "classification", tmp_path) == {"lr": 0.2}
    rows = stored.read_csv(tmp_path / "tuning.csv", "")
    assert [(row["diverged"], row["value_val"]) for row in rows] == [("False", "0.4"), ("True", "0.7"), ("True", "")]


def test_no_choice_is_made_if_every_rate_diverges_at_once(tmp_path):
    runs = [tried(tmp_path, 0.1, 100, planned=5), tried(tmp_path, 0.2, 100, planned=5)]
    with pytest.raises(InputError, match="try smaller learning_rates"):
        tuning.run(runs, "classification", tmp_path)
    assert not (tmp_path / "tuning.csv").exists()


@pytest.mark.parametrize("rows", ["0.1,False", "0.1,True\n0.2,True", ""])
def test_a_file_without_one_choice_is_refused_by_name(rows, tmp_path):
    path = tmp_path / "tuning.csv"
    path.write_text(f"lr,chosen\n{rows}\n")
    with pytest.raises(InputError, match=r"tuning.csv: does not name one chosen learning rate"):
        chosen(path)
