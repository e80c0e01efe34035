"""The command new: commented files that work as they are, to start a rule, network, method, ... of one's own from.

Templates are plain files named `template`, in the folder beside this module. No torch.
"""

import re
from pathlib import Path

from snn.cli.tool import CONSOLE
from snn.config import params
from snn.config.documents import NAME, RENAME
from snn.core import files
from snn.core.errors import InputError
from snn.core.paths import HOME, ROOT

TEMPLATES = Path(__file__).with_name("templates")
CODE = re.compile(r"[a-z][a-z0-9_]{0,99}")  # names of modules
WRITTEN = {  # template -> folder, by what is asked for
    "rule": {"rule.py": "snn/rules", "rule.yaml": "params/methods"},
    "network": {"network.yaml": "params/networks"},
    "method": {"method.yaml": "params/methods"},
    "dataset": {"dataset.yaml": "params/datasets"},
    "noise": {"noise.py": "snn/hardware/noise", "noise.yaml": "params/noise"},
    "experiment": {"experiment.yaml": "params/experiments"},
}


def new(kind: str, name: str) -> None:
    """Write the files of a new thing: into the checkout, or without one into the working folder.

    Raises InputError for a name that no such file may have, or that is taken; then nothing is written.
    """
    code = any(template.endswith(".py") for template in WRITTEN[kind])
    if not (CODE if code else NAME).fullmatch(name):
        remedy = "use small letters, digits and '_', and start with a letter" if code else RENAME
        raise InputError(f"{kind} '{name:.100}'", "is not a valid name", remedy)
    places = {template: Path(folder, f"{name}{Path(template).suffix}") for template, folder in WRITTEN[kind].items()}
    here = {template: path if HOME == ROOT else Path(path.name) for template, path in places.items()}
    for template, path in here.items():
        _refuse_taken(kind, name, places[template])
        if path.exists():
            do = "remove it, go to another folder, or choose another name"
            raise InputError(path, f"is in this folder already, {Path.cwd()}", do)
    for template, path in here.items():
        files.write(path, filled(template, name))
    for template, path in here.items():
        print(f"wrote {path}" + ("" if path == places[template] else f", which belongs into {places[template].parent}"))
    print(_next(kind, name))


def _refuse_taken(kind: str, name: str, place: Path) -> None:
    """Raise InputError if this project, be it the checkout or the installed one, has such a thing."""
    known = params.names(place.parent.name) if place.suffix == ".yaml" else ()
    if name in known or (ROOT / place).exists():
        what = f"is a name that the project has, {place}"
        raise InputError(f"{kind} {name}", what, "choose another name, or edit that file")


def filled(template: str, name: str) -> str:
    """A template with a name in place of `template`, and in class names."""
    text = (TEMPLATES / template).read_text()
    return text.replace("template", name).replace("Template", "".join(word.capitalize() for word in name.split("_")))


def _next(kind: str, name: str) -> str:
    program = "python -m snn" if HOME == ROOT else CONSOLE
    if kind == "experiment":
        return f"next: {program} plan --experiment {name} --why" + ("" if HOME == ROOT else ", in a checkout")
    key = {"rule": f"methods: [{name}]", "method": f"methods: [{name}]", "noise": f"hardware: [{{noise: {name}, ...}}]"}
    return f"next: name it in an experiment, {key.get(kind, f'{kind}: {name}')}; {program} new experiment NAME"
