"""Adoption asks the code of older commits for its folders, whatever its modules were called then."""

import pytest

from snn.pipeline import renaming

ERRORS = "class InputError(Exception):\n    pass\n"
NAMES = 'def names(kind):\n    return ["good", "bad"]\n'
PLAN = """
from {errors} import InputError


class {name}:
    def __init__(self, experiment):
        if experiment == "bad":
            raise InputError(experiment)
        self.jobs = {{"results/a": 1, "results/b": 2}}
"""
LAYOUTS = {
    "today": {
        "core/errors": ERRORS,
        "config/params": NAMES,
        "pipeline/plan": PLAN.format(errors="snn.core.errors", name="Plan"),
    },
    "packages with a grid": {
        "core/errors": ERRORS,
        "config/params": NAMES,
        "pipeline/plan": PLAN.format(errors="snn.core.errors", name="Grid"),
    },
    "flat": {"errors": ERRORS, "params": NAMES, "grid": PLAN.format(errors="snn.errors", name="Grid")},
}


@pytest.mark.parametrize("modules", LAYOUTS.values(), ids=LAYOUTS)
def test_the_folders_of_all_experiments_that_can_be_planned_are_listed_in_every_layout(modules, tmp_path):
    for name, text in modules.items():
        path = tmp_path / "snn" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    listed = renaming._python(tmp_path, "-c", renaming.LIST_FOLDERS)
    assert (listed.returncode, listed.stdout.split()) == (0, ["results/a", "results/b"]), listed.stderr
