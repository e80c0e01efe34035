"""Parameters: strict, and a mistake is named with its file, its key and the nearest valid name."""

from pathlib import Path

import pytest

from snn.config import params
from snn.core.errors import InputError
from snn.pipeline.plan import Plan

HERE = Path("params/somewhere.yaml")
EVERY = [(kind, name) for kind in params.KINDS for name in params.names(kind)]


def refused(kind: str, name: str, **changes) -> str:
    document = {**params.read_yaml(params.path_of(kind, name)), **changes}
    with pytest.raises(InputError) as refusal:
        params.parse(kind, document, HERE)
    return str(refusal.value)


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=str)
def test_every_shipped_file_is_valid_and_names_its_source(kind, name):
    assert params.load(kind, name).source.strip()


@pytest.mark.parametrize("experiment", params.names("experiments"))
def test_every_shipped_experiment_has_a_grid_of_jobs_with_folders_of_their_own(experiment):
    grid = Plan(experiment)
    parents = {run for job in grid.runs for run in (job.teacher, job.start) if run} - set(grid.runs)
    jobs = [grid.data, *grid.runs, *parents, *grid.calibrations, *grid.evaluations, grid.collect, grid.report]
    assert set(grid.jobs) == {job.folder for job in jobs}
    assert len(grid.jobs) == len(jobs)


def test_the_default_experiment_has_the_promised_jobs():
    grid = Plan("digits")
    assert (len(grid.runs), len(grid.calibrations), len(grid.evaluations)) == (18, 15, 18)


def test_an_unknown_key_is_answered_with_the_nearest_one():
    assert refused("energy", "horowitz45_fp32", mac_jp=1.0) == (
        "params/somewhere.yaml: document: unknown key 'mac_jp', the nearest is 'mac_pj'; mend the key"
    )


def test_an_unknown_key_inside_a_list_is_found():
    line = refused("networks", "digits_cnn", layers=[{"conv": 8, "strid": 2}])
    assert "layers.0.conv: unknown key 'strid', the nearest is 'stride'" in line


@pytest.mark.parametrize("layer", ["conv", 3, None, []], ids=str)
def test_a_layer_that_is_no_mapping_is_refused(layer):
    assert "layers.0" in refused("networks", "digits_cnn", layers=[layer])


def test_an_unknown_key_of_a_rule_is_found():
    options = params.read_yaml(params.path_of("methods", "tet"))["options"]
    assert "options: unknown key 'lambda', the nearest is 'lam'" in refused(
        "methods", "tet", options={**options, "lambda": 1.0}
    )


@pytest.mark.parametrize("value", ["20", 20.5, True, None, 0, -1])
def test_an_integer_is_an_integer(value):
    training = params.read_yaml(params.path_of("methods", "tet"))["training"]
    assert "training.epochs:" in refused("methods", "tet", training={**training, "epochs": value})


def test_a_missing_key_is_named():
    document = params.read_yaml(params.path_of("energy", "horowitz45_fp32"))
    del document["ac_pj"]
    with pytest.raises(InputError, match=r"params/somewhere.yaml: ac_pj: a required key is missing; mend the key"):
        params.parse("energy", document, HERE)


def test_a_wrong_choice_is_answered_with_the_nearest_one():
    assert (
        "'every_step'" in refused("energy", "horowitz45_fp32", first_layer="each_step").partition("the nearest is ")[2]
    )


def test_an_unknown_rule_is_answered_with_the_nearest_file():
    assert "there is no snn/rules/tte.py; the nearest is 'tet'" in refused("methods", "tet", rule="tte")


def test_a_name_cannot_leave_its_folder():
    with pytest.raises(InputError, match="is unknown"):
        params.load("methods", "../datasets/digits")


def test_a_layer_that_does_not_fit_is_named_with_its_shape():
    line = refused("networks", "digits_cnn", layers=[{"conv": 8, "stride": 2}, {"conv": 8, "kernel": 9}])
    assert "layer 2" in line
    assert "(8, 4, 4)" in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"methods": ["ann"]}, "methods: ann is the teacher; name it once"),
        ({"dataset": "digits_reconstruction"}, "methods.stbp: does not do reconstruction"),
        ({"methods": ["tet_tit"], "steps": 2}, "methods.tet_tit: start: is no run with fewer steps"),
        ({"comparisons": [{"left": "tet", "right": "sdt"}]}, "comparisons: sdt is not run"),
        ({"teacher": "tet"}, "teacher: tet is no ANN"),
        ({"steps": 2}, "methods.ltl_online: warm_up 3 leaves no step of 2"),
        ({"overrides": {"ltl": {}}}, "overrides.ltl: overrides a method that is not run"),
        ({"seeds": [0, 0]}, "seeds names something twice"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"methods": ["stpb"], "overrides": {"stbp": {}}}, "method 'stpb': is unknown; the nearest is 'stbp'"),
        ({"methods": ["tte"]}, "method 'tte': is unknown; the nearest is 'tet'"),
        ({"overrides": {"tet": {"training": {"epoch": 1}}}}, "unknown key 'epoch', the nearest is 'epochs'"),
        ({"overrides": {"tandem": {"options": {"neuron": {"decay": 0.0}}}}}, "methods.tandem: the gradient of a ReLU"),
        (
            {"dataset": "nmnist", "steps_eval": []},
            "methods.stbp: 4 steps, but data set nmnist has 10 frames, one per step; choose steps: 10",
        ),
        ({"dataset": "nmnist", "steps": 10, "steps_eval": [5]}, "steps_eval: nmnist has 10 frames, one per step"),
        ({"dataset": "fashion_mnits"}, "dataset 'fashion_mnits': is unknown; the nearest is 'fashion_mnist'"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_an_impossible_experiment_is_refused_before_anything_runs(changes, said, monkeypatch):
    path = params.path_of("experiments", "digits")
    document, original = {**params.read_yaml(path), **changes}, params.load

    def load(kind: str, name: str):
        return params.parse(kind, document, path) if kind == "experiments" else original(kind, name)

    monkeypatch.setattr(params, "load", load)
    with pytest.raises(InputError) as refusal:
        Plan("digits")
    assert said in str(refusal.value)


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


def test_servers_and_mirrors_enter_no_digest_and_checksums_do():
    data = Plan("fashion_quick").data
    files = data.dataset.files
    for change, same in (({"urls": ("https://example.org/x",)}, True), ({"md5": "0" * 32}, False)):
        changed = data.dataset.model_copy(update={"files": (files[0].model_copy(update=change), *files[1:])})
        assert (type(data)(data.name, changed).digest == data.digest) == same


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spikes": True}, "spikes: true needs frames and normalise: none"),
        ({"frames": 4, "task": "reconstruction"}, "frames cannot be given back"),
        ({"split": {"test": "last"}}, "split: test_share belongs to test"),
        ({"split": {"test_share": 0.1}}, "split: test_share belongs to test"),
        ({"files": [{"name": "../x"}]}, "files.0.name"),
        (
            {"files": [{"name": "x", "urls": ["https://example.org/x"]}]},
            "files.0: a file that is downloaded needs an md5",
        ),
        ({"files": [{"name": "x", "urls": ["file:///etc/passwd"], "md5": "0" * 32}]}, "files.0.urls.0"),
        ({"raw": "../elsewhere"}, "raw: "),
        ({"normalise": "standrad"}, "the nearest is 'standard'"),
    ],
)
def test_an_impossible_data_set_is_refused(changes, said):
    document = {**params.read_yaml(params.path_of("datasets", "digits")), "raw": "digits", **changes}
    with pytest.raises(InputError) as refusal:
        params.parse("datasets", document, HERE)
    assert said in str(refusal.value)


FRAMES = {"steps": 10, "slices": "duration"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frames": 9}, "options.frames.steps is 10, frames is 9"),
        ({"frames": None, "spikes": False}, "options.frames.steps is 10, frames is None"),
        ({"options": {"frames": {**FRAMES, "steps": 10**9}}}, "options.frames.steps"),
        ({"options": {"frames": {**FRAMES, "resize": "pool", "size": [48, 48]}}}, "a pool cannot enlarge"),
        ({"options": {"frames": {**FRAMES, "resize": "pool", "size": [17, 17]}}}, "options.frames.size is (17, 17)"),
        ({"options": {"parts": ["Train", "Train"]}}, "test data would be training data"),
        ({"options": {"parts": ["Train", "Train/test"]}}, "test data would be training data"),
        ({"options": {"parts": [".", "Test"]}}, "test data would be training data"),
    ],
)
def test_impossible_frames_and_parts_are_refused_before_a_recording_is_read(changes, said):
    document = {**params.read_yaml(params.path_of("datasets", "nmnist-1000-100")), "raw": "nmnist-1000-100"}
    options = {**document["options"], **changes.get("options", {})}
    with pytest.raises(InputError) as refusal:
        params.parse("datasets", {**document, **changes, "options": options}, HERE)
    assert said in str(refusal.value)


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2\n", "\t- x"], ids=["open list", "repeated key", "tab"])
def test_a_file_that_is_no_yaml_is_named_with_its_line(text, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.yaml line \d+: is not valid YAML"):
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
