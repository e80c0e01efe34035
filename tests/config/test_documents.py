"""Names, bases and variants of parameter files, and files that are no plain documents."""

import re
import shutil

import pytest

from snn.cli.main import main
from snn.config import documents, params
from snn.config.read import DEEPEST
from snn.core.errors import InputError
from snn.pipeline.plan import Plan

VARIANTS = [name for name in params.names("methods") if documents.find("methods", name).keys]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of params/ to be edited, read in place of it."""
    copy = shutil.copytree(params.FOLDER, tmp_path / "params")
    caches = (documents._read, documents._variants, params._load)
    monkeypatch.setattr(documents, "FOLDER", copy)
    for module in ("config.read", "pipeline.plan"):
        monkeypatch.setattr(f"snn.{module}.ROOT", tmp_path, raising=False)
    for cache in caches:
        cache.cache_clear()
    yield copy
    for cache in caches:
        cache.cache_clear()


def refused(do, *arguments) -> str:
    with pytest.raises(InputError) as refusal:
        do(*arguments)
    return str(refusal.value)


def method(folder, name, text):
    (folder / "methods" / f"{name}.yaml").write_text(text)


def append(folder, name, text):
    path = folder / "methods" / f"{name}.yaml"
    path.write_text(path.read_text() + text)


def test_the_sweeps_are_variants_in_the_files_of_their_bases():
    found = {name: documents.find("methods", name).file.stem for name in VARIANTS}
    assert found.items() >= {"tet_lam_0_5": "tet", "tet_phi_2": "tet", "sdt_smooth_k1": "sdt"}.items()
    assert all(params.path_of("methods", name).stem == owner for name, owner in found.items())


def test_a_variant_is_its_file_but_for_what_it_states():
    tet, variant = (params.load("methods", name) for name in ("tet", "tet_lam_0_5"))
    assert (tet.options.lam, variant.options.lam) == (0.05, 0.5)
    same = variant.options.model_copy(update={"lam": tet.options.lam})
    assert variant.model_copy(update={"options": same, "source": tet.source}) == tet
    assert variant.source != tet.source


def test_a_variant_without_a_source_has_that_of_its_file(folder):
    append(folder, "ann", "variants: {ann_long: {training: {epochs: 99}}}\n")
    assert params.load("methods", "ann_long").source == params.load("methods", "ann").source


def test_a_variant_has_the_digest_of_the_same_method_in_a_file_of_its_own(folder):
    def digests():
        return [run.digest for run in Plan("digits_all").runs if run.method_name == "tet_phi_2"]

    inside = digests()
    path = folder / "methods/tet.yaml"
    path.write_text(re.sub(r"  tet_phi_2:\n.*\n.*\n", "", path.read_text()))
    method(folder, "tet_phi_2", "source: elsewhere\nbase: tet\noptions: {phi: 2.0}\n")
    for cache in (documents._read, documents._variants, params._load):
        cache.cache_clear()
    assert documents.find("methods", "tet_phi_2").keys == ()
    assert digests() == inside


def test_variants_are_not_inherited(folder):
    method(folder, "child", "source: a test\nbase: tet\noptions: {lam: 0.1}\n")
    assert documents.variants("methods", "child") == []
    assert params.load("methods", "child").options.lam == 0.1


def test_a_variant_can_be_a_base_and_the_start_of_a_run(folder):
    method(
        folder, "child", "source: a test\nbase: tet_phi_2\nstart: {method: tet_phi_2, steps: 2}\noptions: {lam: 0.1}\n"
    )
    options = params.load("methods", "child").options
    assert (options.phi, options.lam) == (2.0, 0.1)


@pytest.mark.parametrize(
    ("section", "key", "nearest"),
    [
        ("{wrong: {optoins: {}}}", "variants.wrong:", "options"),
        ("{wrong: {base: ann}}", "variants.wrong:", ""),
        ("{wrong: {variants: {}}}", "variants.wrong:", ""),
        ("{wrong: {options: {activaton: {}}}}", "variants.wrong.options:", "activation"),
        ("{wrong: {training: {epoch: 1}}}", "variants.wrong.training:", "epochs"),
        ("{wrong: {training: {optimiser: adm}}}", "variants.wrong.training.optimiser:", "adam"),
        ("{wrong: {training: {epochs: none}}}", "variants.wrong.training.epochs:", ""),
        ("{wrong: {rule: an}}", "variants.wrong.rule:", "ann"),
        ("{wrong: 3}", "variants.wrong:", ""),
        ("{wrong: null}", "variants.wrong:", ""),
        ("{../wrong: {}}", "variants.../wrong:", ""),
        ("{.wrong: {}}", "variants..wrong:", ""),
        ("{1: {}}", "variants.1:", ""),
        ("{tet: {}}", "variants.tet:", "methods/tet.yaml"),
        ("{ann: {}}", "variants.ann:", "methods/ann.yaml"),
        ("{tet_phi_2: {}}", "variants.tet_phi_2:", "methods/tet.yaml"),
        ("[wrong]", "variants:", ""),
        ("null", "variants:", ""),
    ],
)
def test_a_mistake_in_a_section_of_variants_is_named_with_file_key_and_nearest_name(section, key, nearest, folder):
    append(folder, "ann", f"variants: {section}\n")
    for asked in ["ann", *(["wrong"] if "wrong" in params.names("methods") else [])]:
        line = refused(params.load, "methods", asked)
        assert line.startswith(f"params/methods/ann.yaml: {key} ")
        assert nearest in line


def test_a_variant_with_the_name_of_another_ones_file_is_refused(folder):
    method(folder, "a_copy", (folder / "methods/tet.yaml").read_text())
    line = refused(params.load, "methods", "tet")
    assert line.startswith("params/methods/tet.yaml: variants.tet_no_regulariser: ")
    assert "a_copy.yaml" in line


def test_a_mistake_in_the_file_itself_is_not_reported_as_one_of_its_variant(folder):
    path = folder / "methods/tet.yaml"
    path.write_text(path.read_text().replace("lam: 0.05", "lamm: 0.05"))
    line = refused(params.load, "methods", "tet_phi_2")
    assert line.startswith("params/methods/tet.yaml: options: ")
    assert "'lam'" in line


def test_a_mistake_in_a_base_is_not_reported_as_one_of_what_is_based_on_it(folder):
    path = folder / "experiments/smoke.yaml"
    path.write_text(path.read_text().replace("steps: 4", "steps: -4"))
    (folder / "experiments/child.yaml").write_text("source: a test\nbase: smoke\n")
    assert refused(Plan, "child").startswith("params/experiments/smoke.yaml: steps: ")


def test_a_mistake_in_a_method_is_not_reported_as_one_of_the_experiment_that_overrides_it(folder):
    path = folder / "methods/tet.yaml"
    path.write_text(path.read_text().replace("lam: 0.05", "lam: -1"))
    assert refused(Plan, "smoke").startswith("params/methods/tet.yaml: options.lam: ")


@pytest.mark.parametrize(
    ("text", "key", "thing"),
    [
        ("dataset: nope", "dataset", "dataset"),
        ("network: nope", "network", "network"),
        ("teacher: nope", "teacher", "method"),
        ("methods: [tet, nope]", "methods", "method"),
        ("energy: nope", "energy", "energy"),
        ("hardware: [{noise: nope, chips: 1, calibration: {samples: 8, epochs: 1, batch: 4, lr: 0.1,"
        " calibrators: [ltl_offline], targets: [own]}}]", "hardware.0.noise", "noise"),
    ],
)  # fmt: skip
def test_what_an_experiment_names_and_does_not_exist_is_named_with_file_and_key(text, key, thing, folder):
    (folder / "experiments/child.yaml").write_text(f"source: a test\nbase: smoke\n{text}\n")
    assert refused(Plan, "child").startswith(f"params/experiments/child.yaml: {key}: {thing} 'nope' is unknown; ")


@pytest.mark.parametrize("threads", [0, 1025, 100_000])
def test_threads_that_no_machine_has_are_refused(threads, folder):
    (folder / "experiments/child.yaml").write_text(f"source: a test\nbase: smoke\nthreads: {threads}\n")
    assert refused(Plan, "child").startswith("params/experiments/child.yaml: threads: ")


@pytest.mark.parametrize(
    ("kind", "key", "nearest"),
    [("methods", "variant", "variants"), ("methods", "bsae", "base"), ("networks", "layer", "layers")],
)
def test_an_unknown_key_of_a_file_is_answered_with_the_nearest_one(kind, key, nearest, folder):
    name = params.names(kind)[0]
    path = folder / kind / f"{name}.yaml"
    path.write_text(path.read_text() + f"{key}: 1\n")
    line = refused(params.load, kind, name)
    assert line.startswith(f"params/{kind}/{name}.yaml: ")
    assert f"'{key}'" in line
    assert f"'{nearest}'" in line


@pytest.mark.parametrize("base", ["a", "b", "b_variant", "a_variant"])
def test_a_base_that_leads_back_is_refused(base, folder):
    method(folder, "a", f"source: a test\nbase: {base}\nvariants: {{a_variant: {{}}}}\n")
    method(folder, "b", "source: a test\nbase: a\nvariants: {b_variant: {}}\n")
    line = refused(params.load, "methods", "a")
    assert re.match(r"params/methods/[ab]\.yaml: base: ", line)


def test_an_unknown_base_is_answered_with_the_nearest_name(folder):
    method(folder, "child", "source: a test\nbase: tet_phi_3\n")
    line = refused(params.load, "methods", "child")
    assert line.startswith("params/methods/child.yaml: base: ")
    assert "'tet_phi_2'" in line


def test_an_unknown_name_is_answered_with_the_nearest_variant():
    assert "'tet_smooth_k10'" in refused(params.load, "methods", "tet_smoth_k10")


@pytest.mark.parametrize(
    "name", ["..", ".", "", ".hidden", "-x", "a b", "a/b", "../datasets/digits", "a\n", "é", "a" * 101]
)
def test_a_name_that_is_no_plain_file_name_is_refused_and_not_listed(name, folder):
    for kind in params.KINDS:
        if "/" not in name:
            shutil.copy(next((folder / kind).glob("*.yaml")), folder / kind / f"{name}.yaml")
        assert name not in params.names(kind)
        line = refused(params.load, kind, name)
        assert line.startswith(f"{documents.singular(kind)} '{name[:100].replace(chr(10), ' ')}")


def test_an_experiment_named_after_the_folder_above_writes_nothing(folder, tmp_path, monkeypatch, capsys):
    shutil.copy(folder / "experiments/smoke.yaml", folder / "experiments/...yaml")
    monkeypatch.chdir(tmp_path)
    for command in (["plan", "--experiment", ".."], ["collect", "--experiment", "..", "results/tables/.."]):
        assert main(command) == 2
        assert capsys.readouterr().err.startswith("error: experiment '..': ")
    assert not (tmp_path / "results").exists()


BOMB = "[" + ", ".join(["x"] * 10) + "]"
BOMBS = "\n".join(f"  - &b{i} [{', '.join([f'*b{i - 1}'] * 10)}]" for i in range(1, 12))
MERGES = "\n".join(f"  - &b{i} {{<<: [{', '.join([f'*b{i - 1}'] * 10)}]}}" for i in range(1, 12))
CHAIN = "\n".join(f"  - &b{i} [*b{i - 1}]" for i in range(1, 2 * DEEPEST))
HARDWARE = (
    "hardware: [{{noise: mismatch, levels: [{levels}], chips: {chips}, calibration: {{samples: {samples}, "
    "epochs: {epochs}, batch: {batch}, lr: 0.1, calibrators: [ltl_offline], targets: [own]}}}}]\n"
)
HOSTILE = {
    "aliases of aliases": f"overrides:\n  - &b0 {BOMB}\n{BOMBS}\ndevice: *b11\n",
    "merges of merges": f"overrides:\n  - &b0 {{x: 1}}\n{MERGES}\n",
    "a chain of aliases": f"overrides:\n  - &b0 [x]\n{CHAIN}\n",
    "an alias of itself": "overrides: &a {tet: *a}\n",
    "20,000 lists": f"seeds: {'[' * 20_000}{']' * 20_000}\n",
    "20,000 mappings": f"seeds: {'{a: ' * 20_000}1{'}' * 20_000}\n",
    "20,000 indented lists": f"seeds:\n  {'- ' * 20_000}1\n",
    "a seed of 5,001 digits": f"seeds: [{'1' * 5001}]\n",
    "a seed of 4,000 digits": f"seeds: [{'1' * 4000}]\n",
    "20,000 seeds": f"seeds: {list(range(20_000))}\n",
    "1,001 seeds": f"seeds: {list(range(1001))}\n",
    "200,000 values": f"seeds: [{'1,' * 200_000}]\n",
    "a month that is none": "seeds: [2024-13-45]\n",
    "a date that is none": "seeds: [!!timestamp x]\n",
    "a number that is none": "seeds: [!!int x, !!float y]\n",
    "a list as a key": "? [a, [b]]\n: 1\n",
    "steps of 300 digits": f"steps: 1{'0' * 300}\n",
    "a limit of 300 digits": f"train_limit: 1{'0' * 300}\n",
    "a long name": f"network: {'n' * 5000}\n",
    "a null byte": "device: \0\n",
    "a list for a recipe": "epochs: 2\noverrides: {tet: {training: [1]}}\n",
    "a truth that is none": "source: !!bool abc\n",
    "a level of 401 digits": HARDWARE.format(levels=f"1{'0' * 400}", chips=1, samples=8, epochs=1, batch=4),
    "a billion chips": HARDWARE.format(levels=0.1, chips=10**9, samples=8, epochs=1, batch=4),
    "chips of 401 digits": HARDWARE.format(levels=0.1, chips=10**400, samples=8, epochs=1, batch=4),
    "calibration with more samples than there are": HARDWARE.format(
        levels=0.1, chips=1, samples=10**10, epochs=1, batch=4
    ),
    "a billion epochs of calibration": HARDWARE.format(levels=0.1, chips=1, samples=8, epochs=10**9, batch=4),
    "batches of a billion in calibration": HARDWARE.format(levels=0.1, chips=1, samples=8, epochs=1, batch=10**9),
    "a billion epochs": "epochs: 1000000000\n",
    "a billion epochs of one method": "overrides: {tet: {training: {epochs: 1000000000}}}\n",
    "a batch of a billion": "overrides: {tet: {training: {batch: 1000000000}}}\n",
    "100,000 runs": f"learning_rates: {[1 / n for n in range(1, 101)]}\ntuning_seeds: {list(range(100, 200))}\n",
    "a grid without tuning seeds": "learning_rates: [0.1]\n",
    "tuning seeds without a grid": "tuning_seeds: [100]\n",
    "a tuning seed that is reported": "seeds: [0, 1]\nlearning_rates: [0.1]\ntuning_seeds: [1, 2]\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_experiment_is_refused_in_one_line(text, folder, capsys):
    path = folder / "experiments/hostile.yaml"
    kept = {
        line.split(":")[0]: line for line in (folder / "experiments/smoke.yaml").read_text().splitlines(keepends=True)
    }
    for key in re.findall(r"^\w+", text, re.MULTILINE):
        kept.pop(key, None)
    path.write_text("base: smoke\n" + text)
    assert main(["plan", "--experiment", "hostile"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("error: params/experiments/hostile.yaml")
    assert len(line) < 1000


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([{"conv": 8}], [1, 10**9, 10**9]),
        ([{"conv": 8}], [1, 10**6, 10**6]),
        ([{"conv": 8}], [1, 0, 8]),
        ([{"conv": 8}], [1, -8, 8]),
        ([{"conv": 8}], []),
        ([{"conv": 8, "kernel": 10**9}], [1, 8, 8]),
        ([{"conv": 8, "kernel": 10**9, "padding": 10**9}], [1, 8, 8]),
        ([{"conv": 8, "stride": 10**9}], [1, 8, 8]),
        ([{"conv": 10**9}], [1, 8, 8]),
        ([{"linear": 10**9}], [1, 8, 8]),
        ([{"linear": 10**400}], [1, 8, 8]),
        ([{"avg_pool": 10**9}], [1, 8, 8]),
        ([{"max_pool": 10**9, "padding": 10**8}], [1, 8, 8]),
    ],
)
def test_a_network_that_no_machine_holds_is_refused_at_once(layers, shape, folder):
    path = folder / "networks/huge.yaml"
    path.write_text(f"source: a test\nlayout: ours\ninput_shape: {shape}\noutputs: 10\nlayers: {layers}\n")
    assert refused(params.load, "networks", "huge").startswith("params/networks/huge.yaml: ")


@pytest.mark.parametrize(
    ("layers", "changes"),
    [
        ([{"linear": 10**6}, {"linear": 10**6}], ""),
        ([{"conv": 10**6, "kernel": 1, "padding": 0}], "overrides: {tet: {training: {batch: 10000}}}"),
    ],
    ids=["parameters", "a batch of a layer"],
)
def test_a_network_that_needs_more_memory_than_any_machine_has_is_refused_when_it_is_planned(layers, changes, folder):
    path = folder / "networks/huge.yaml"
    path.write_text(f"source: a test\nlayout: ours\ninput_shape: [1, 8, 8]\noutputs: 10\nlayers: {layers}\n")
    (folder / "experiments/child.yaml").write_text(f"source: a test\nbase: smoke\nnetwork: huge\n{changes}\n")
    assert refused(Plan, "child").startswith("params/experiments/child.yaml: network: ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((f"augment: {{{key}: {10**9}}}", f"augment.{key}") for key in ("shift", "roll", "cutout")),
        (f"white: {10**9}", "white"),
        (f"classes: {10**9}", "classes"),
        (f"frames: {10**9}", "frames"),
        ("input_shape: [1, 0, 0]", "input_shape.1"),
        (f"split: {{seed: {10**400}}}", "split.seed"),
    ],
)
def test_numbers_of_a_data_set_are_bounded(key, value, folder):
    (folder / "datasets/child.yaml").write_text(f"source: a test\nbase: digits\n{key}\n")
    (folder / "experiments/child.yaml").write_text("source: a test\nbase: smoke\ndataset: child\n")
    line = refused(lambda: Plan("child").check())
    assert line.startswith(f"params/datasets/child.yaml: {value}: ")


def test_a_file_that_no_file_can_be_is_named_with_its_control_characters_escaped(folder):
    (folder / "datasets/child.yaml").write_text('source: a test\nbase: digits\noptions: {split: "a\\0b\\e[2J"}\n')
    (folder / "experiments/child.yaml").write_text("source: a test\nbase: smoke\ndataset: child\n")
    line = refused(lambda: Plan("child").check())
    assert "a\\x00b\\x1b[2J: " in line
    assert line.isprintable()


def test_a_file_of_more_variants_than_anybody_names_is_refused(folder):
    rows = "".join(f"  ann_{i}: {{}}\n" for i in range(2500))
    append(folder, "ann", f"variants:\n{rows}")
    assert refused(params.load, "methods", "ann").startswith("params/methods/ann.yaml: variants: ")
    assert refused(params.load, "methods", "ann_7").startswith("params/methods/ann.yaml: variants: ")


def make_folder(path):
    path.mkdir()


def dangle(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [make_folder, dangle])
@pytest.mark.parametrize("kind", ["methods", "experiments"])
def test_what_is_no_file_is_unknown_and_disturbs_no_other(make, kind, folder, capsys):
    make(folder / kind / "odd.yaml")
    assert "odd" not in params.names(kind)
    assert "'odd'" not in refused(params.load, kind, "odd").partition("; ")[2]
    assert main(["list", "methods"]) == 0
    assert Plan("smoke").jobs


def test_an_experiment_may_leave_out_methods_that_its_base_overrides(folder):
    base = folder / "experiments/parent.yaml"
    base.write_text("source: a test\nbase: smoke\nmethods: [tet, stbp]\noverrides: {tet: {training: {epochs: 2}}}\n")
    child = folder / "experiments/child.yaml"
    child.write_text("source: a test\nbase: parent\nmethods: [stbp]\n")
    assert {run.method_name for run in Plan("child").students} == {"stbp"}
    child.write_text("source: a test\nbase: parent\nmethods: [stbp]\noverrides: {tet: {training: {epochs: 3}}}\n")
    params._load.cache_clear()
    documents._read.cache_clear()
    assert refused(Plan, "child").startswith("params/experiments/child.yaml: overrides.tet: ")


def test_what_is_no_name_of_a_base_is_refused_in_english(folder):
    (folder / "experiments/child.yaml").write_text("source: a test\nbase: 3\n")
    assert " an experiment" in refused(Plan, "child")


def test_a_network_may_state_what_differs_from_another(folder):
    (folder / "networks/mine.yaml").write_text("source: ours\nbase: digits_cnn\noutputs: 7\n")
    mine, base = (params.load("networks", name) for name in ("mine", "digits_cnn"))
    assert (mine.outputs, mine.source) == (7, "ours")
    assert mine.hashed("layers") == base.hashed("layers")
