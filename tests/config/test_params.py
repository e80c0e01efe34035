"""Parameters: strict, and a mistake is named with its file, its key and the nearest valid name."""

import re
from collections import Counter
from pathlib import Path

import pytest

from snn.config import params
from snn.config.documents import resolve
from snn.core.errors import InputError
from snn.pipeline.plan import Plan

HERE = Path("params/somewhere.yaml")
EVERY = [(kind, name) for kind in params.KINDS for name in params.names(kind)]


def refused(kind: str, name: str, **changes) -> str:
    document = {**resolve(kind, name), **changes}
    with pytest.raises(InputError) as refusal:
        params.parse(kind, document, HERE)
    return str(refusal.value)


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=str)
def test_every_shipped_file_is_valid_and_names_its_source(kind, name):
    assert params.load(kind, name).source.strip()


@pytest.mark.parametrize("experiment", params.names("experiments"))
def test_every_shipped_experiment_has_a_grid_of_jobs_with_folders_of_their_own(experiment):
    grid = Plan(experiment)
    tried = {run for tuning in grid.tunings for run in tuning.trained}
    runs = {*grid.runs, *tried}
    runs |= {run for job in runs for run in (job.teacher, job.start) if run}
    results = [*grid.tunings, *grid.calibrations, *grid.evaluations, grid.collect, grid.report, grid.page]
    jobs = [grid.data, *runs, *results]
    assert set(grid.jobs) == {job.folder for job in jobs}
    assert len(grid.jobs) == len(jobs)


def test_the_default_experiment_has_the_promised_jobs():
    grid = Plan("digits")
    assert (len(grid.runs), len(grid.calibrations), len(grid.evaluations)) == (30, 25, 30)


def test_an_unknown_key_is_answered_with_the_nearest_one():
    line = refused("energy", "horowitz45_fp32", mac_jp=1.0)
    assert line.startswith("params/somewhere.yaml: document: ")
    assert re.findall("'(.*?)'", line) == ["mac_jp", "mac_pj"]


def test_an_unknown_key_inside_a_list_is_found():
    line = refused("networks", "digits_cnn", layers=[{"conv": 8, "strid": 2}])
    assert line.startswith("params/somewhere.yaml: layers.0.conv: ")
    assert re.findall("'(.*?)'", line) == ["strid", "stride"]


@pytest.mark.parametrize("layer", ["conv", 3, None, []], ids=str)
def test_a_layer_that_is_no_mapping_is_refused(layer):
    assert refused("networks", "digits_cnn", layers=[layer]).startswith("params/somewhere.yaml: layers.0")


def test_an_unknown_key_of_a_rule_is_found():
    options = params.read_yaml(params.path_of("methods", "tet"))["options"]
    line = refused("methods", "tet", options={**options, "lambda": 1.0})
    assert line.startswith("params/somewhere.yaml: options: ")
    assert re.findall("'(.*?)'", line) == ["lambda", "lam"]


@pytest.mark.parametrize("value", ["20", 20.5, True, None, 0, -1])
def test_an_integer_is_an_integer(value):
    training = params.read_yaml(params.path_of("methods", "tet"))["training"]
    assert "training.epochs:" in refused("methods", "tet", training={**training, "epochs": value})


def test_a_missing_key_is_named():
    document = params.read_yaml(params.path_of("energy", "horowitz45_fp32"))
    del document["ac_pj"]
    with pytest.raises(InputError, match=r"^params/somewhere\.yaml: ac_pj: "):
        params.parse("energy", document, HERE)


def test_the_initials_of_a_key_are_answered_with_the_key():
    assert "'lr', the nearest is 'learning_rates'" in refused("experiments", "digits", lr=[0.1])


def test_a_wrong_choice_is_answered_with_the_nearest_one():
    line = refused("energy", "horowitz45_fp32", first_layer="each_step")
    assert line.startswith("params/somewhere.yaml: first_layer: ")
    assert re.findall("'(.*?)'", line)[-1] == "every_step"


def test_an_unknown_rule_is_answered_with_the_nearest_file():
    line = refused("methods", "tet", rule="tte")
    assert line.startswith("params/somewhere.yaml: rule: ")
    assert "snn/rules/tte.py" in line
    assert "'tet'" in line


def test_a_name_cannot_leave_its_folder():
    with pytest.raises(InputError, match=r"^method '\.\./datasets/digits': "):
        params.load("methods", "../datasets/digits")


def test_a_layer_that_does_not_fit_is_named_with_its_shape():
    line = refused("networks", "digits_cnn", layers=[{"conv": 8, "stride": 2}, {"conv": 8, "kernel": 9}])
    assert "layer 2" in line
    assert "(8, 4, 4)" in line


DIGITS = "params/experiments/digits.yaml: "


@pytest.mark.parametrize(
    ("changes", "where", "named"),
    [
        ({"methods": ["ann"]}, DIGITS + "methods", "ann"),
        ({"dataset": "digits_reconstruction"}, DIGITS + "methods.stbp", "reconstruction"),
        ({"methods": ["tet_tit"], "steps": 2}, DIGITS + "methods.tet_tit: start", ""),
        ({"comparisons": [{"left": "tet", "right": "sdt"}]}, DIGITS + "comparisons", "sdt"),
        ({"teacher": "tet"}, DIGITS + "teacher", "tet"),
        ({"steps": 2}, DIGITS + "methods.ltl_online", "warm_up"),
        ({"overrides": {"ltl": {}}}, DIGITS + "overrides.ltl", ""),
        ({"seeds": [0, 0]}, DIGITS + "document", "seeds"),
        ({"seeds": [-1]}, DIGITS + "seeds.0", ""),
        ({"seeds": [2**32]}, DIGITS + "seeds.0", ""),
        ({"protocol": "held_out"}, DIGITS + "document", "'protocol'"),
        ({"methods": ["stpb"], "overrides": {"stbp": {}}}, DIGITS + "methods", "'stbp'"),
        ({"methods": ["tte"]}, DIGITS + "methods", "'tet'"),
        ({"overrides": {"tet": {"training": {"epoch": 1}}}}, DIGITS + "overrides.tet.training", "'epochs'"),
        ({"overrides": {"tet": {"rule": "tte"}}}, DIGITS + "overrides.tet.rule", "'tet'"),
        ({"overrides": {"tandem": {"options": {"neuron": {"decay": 0.0}}}}}, DIGITS + "methods.tandem", ""),
        ({"dataset": "nmnist", "steps_eval": []}, DIGITS + "methods.stbp", "steps: 10"),
        ({"dataset": "nmnist", "steps": 10, "steps_eval": [5]}, DIGITS + "steps_eval", "nmnist"),
        ({"dataset": "fashion_mnits"}, DIGITS + "dataset", "'fashion_mnist'"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_an_impossible_experiment_is_refused_before_anything_runs(changes, where, named, monkeypatch):
    path = params.path_of("experiments", "digits")
    document, original = {**params.read_yaml(path), **changes}, params.load

    def load(kind: str, name: str):
        return params.parse(kind, document, path) if kind == "experiments" else original(kind, name)

    monkeypatch.setattr(params, "load", load)
    with pytest.raises(InputError) as refusal:
        Plan("digits")
    assert str(refusal.value).startswith(f"{where}: ")
    assert named in str(refusal.value)


def test_a_smaller_version_of_a_data_set_says_so_in_its_name():
    assert Plan("digits").data.name == "digits"
    quick = Plan("fashion_quick")
    assert quick.data.name == "fashion_mnist-train6000"
    assert quick.data.raw == Path("data/raw/fashion_mnist")
    assert (quick.data.dataset.train_limit, quick.data.dataset.test_limit) == (6000, None)
    assert quick.runs[0].place.startswith("results/runs/fashion_mnist-train6000/")


def test_a_run_that_goes_on_from_another_reads_its_student_and_has_it_compared():
    runs = {run.method_name: run for run in Plan("digits_all").runs}
    assert runs["tet_tit"].start.folder / "student.safetensors" in runs["tet_tit"].inputs


def test_epochs_of_an_experiment_replace_those_of_recipes_but_not_those_of_overrides(monkeypatch):
    path = params.path_of("experiments", "digits")
    document = {**params.read_yaml(path), "epochs": 3, "overrides": {"tet": {"training": {"epochs": 5, "lr": 0.5}}}}
    original = params.load
    experiment = params.parse("experiments", document, path)
    monkeypatch.setattr(
        params,
        "load",
        lambda kind, name: experiment if name == "digits" and kind == "experiments" else original(kind, name),
    )
    found = {run.method_name: run.method.training for run in Plan("digits").runs}
    assert {name: training.epochs for name, training in found.items()} == dict.fromkeys(found, 3) | {"tet": 5}
    assert found["tet"].lr == 0.5


def test_a_data_set_that_stands_on_another_shares_its_files_and_differs_in_what_it_says():
    base, child = (params.load("datasets", name) for name in ("nmnist", "nmnist_5ms"))
    assert child.raw == base.raw == "nmnist"
    assert child.files == base.files
    assert (child.frames, child.spikes, child.options.frames.bin_us) == (15, False, 5000)


def test_published_figures_are_for_images_that_differ_in_their_normalisation_alone():
    _, literature = params.literature()

    def shown(experiment):
        return Counter(figure["dataset"] for figure in Plan(experiment).report.document["published"]["figures"])

    expected = Counter(figure.dataset for figure in literature.figures)
    assert shown("cifar10_tet") == shown("digits") == expected
    expected["cifar10_released_normalisation"] = expected.pop("cifar10")
    assert shown("cifar10_ltl") == expected


def test_an_option_at_its_neutral_value_enters_no_digest_of_data_or_of_training():
    data, method = params.load("datasets", "cifar10"), params.load("methods", "tet")
    assert not {"statistics"} & set(data.hashed())
    assert not {"rotation"} & set(data.augment.hashed())
    assert not {"per"} & set(method.hashed("training")["training"]["schedule"])
    assert params.load("methods", "paper_tet_cifar").hashed("training")["training"]["schedule"]["per"] == "epoch"


def test_servers_and_mirrors_enter_no_digest_and_checksums_do():
    data = Plan("fashion_quick").data
    files = data.dataset.files
    for change, same in (({"urls": ("https://example.org/x",)}, True), ({"md5": "0" * 32}, False)):
        changed = data.dataset.model_copy(update={"files": (files[0].model_copy(update=change), *files[1:])})
        assert (type(data)(data.name, changed).digest == data.digest) == same


@pytest.mark.parametrize(
    ("changes", "where", "named"),
    [
        ({"spikes": True}, "document", ["spikes", "normalise"]),
        ({"frames": 4, "task": "reconstruction"}, "document", ["frames", "task"]),
        ({"split": {"test": "last"}}, "split", ["test_share"]),
        ({"split": {"test_share": 0.1}}, "split", ["test_share"]),
        ({"files": [{"name": "../x"}]}, "files.0.name", []),
        ({"files": [{"name": "x", "urls": ["https://example.org/x"]}]}, "files.0", ["md5"]),
        ({"files": [{"name": "x", "urls": ["file:///etc/passwd"], "md5": "0" * 32}]}, "files.0.urls.0", []),
        ({"raw": "../elsewhere"}, "raw", []),
        ({"normalise": "standrad"}, "normalise", ["'standard'"]),
        ({"statistics": {"mean": [0.5], "std": [0.0]}}, "statistics.std.0", []),
        ({"statistics": {"mean": [0.5, 0.5], "std": [0.2, 0.2]}}, "document", ["1 channel"]),
        ({"statistics": {"mean": [0.5], "std": [0.2]}, "normalise": "white"}, "document", ["normalise: standard"]),
        ({"augment": {"rotation": 181}}, "augment.rotation", ["180"]),
    ],
)
def test_an_impossible_data_set_is_refused(changes, where, named):
    document = {**params.read_yaml(params.path_of("datasets", "digits")), "raw": "digits", **changes}
    with pytest.raises(InputError) as refusal:
        params.parse("datasets", document, HERE)
    assert str(refusal.value).startswith(f"params/somewhere.yaml: {where}: ")
    assert all(word in str(refusal.value) for word in named)


FRAMES = {"steps": 10, "slices": "duration"}


@pytest.mark.parametrize(
    ("changes", "where", "named"),
    [
        ({"frames": 9}, "document", ["options.frames.steps", "10", "9"]),
        ({"frames": None, "spikes": False}, "document", ["options.frames.steps", "10", "None"]),
        ({"options": {"frames": {**FRAMES, "steps": 10**9}}}, "options.frames.steps", []),
        ({"options": {"frames": {**FRAMES, "resize": "pool", "size": [48, 48]}}}, "options", ["pool"]),
        ({"options": {"frames": {**FRAMES, "resize": "pool", "size": [17, 17]}}}, "document", ["(17, 17)"]),
        ({"options": {"parts": ["Train", "Train"]}}, "options.parts", []),
        ({"options": {"parts": ["Train", "Train/test"]}}, "options.parts", []),
        ({"options": {"parts": [".", "Test"]}}, "options.parts", []),
    ],
)
def test_impossible_frames_and_parts_are_refused_before_a_recording_is_read(changes, where, named):
    document = {**params.read_yaml(params.path_of("datasets", "nmnist-1000-100")), "raw": "nmnist-1000-100"}
    options = {**document["options"], **changes.get("options", {})}
    with pytest.raises(InputError) as refusal:
        params.parse("datasets", {**document, **changes, "options": options}, HERE)
    assert str(refusal.value).startswith(f"params/somewhere.yaml: {where}: ")
    assert all(word in str(refusal.value) for word in named)


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2\n", "\t- x"], ids=["open list", "repeated key", "tab"])
def test_a_file_that_is_no_yaml_is_named_with_its_line(text, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.yaml line \d+: "):
        params.read_yaml(path)


def test_yaml_runs_no_code(tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text("a: !!python/object/apply:os.system ['touch pwned']")
    with pytest.raises(InputError):
        params.read_yaml(path)


def test_a_number_in_any_notation_is_a_number(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text("[1e-3, 1.0e-3, 0.001]")
    assert params.read_yaml(path) == [1e-3] * 3
