"""DataTables for the page, taken out of the wheel of itables when a page is made. No torch."""

import re
from importlib.util import find_spec
from pathlib import Path

from snn.core.errors import InputError

EXPORTS = re.compile(r"export\s*\{([^}]*)\};?")  # the one statement of the bundle that names what it exports


def bundle_file() -> Path:
    """The JavaScript of jQuery, DataTables and its extensions; its licences (MIT) are at its end.

    Found without importing itables. Raises InputError if it is not installed.
    """
    found = find_spec("itables")
    if found is None or found.origin is None:
        raise InputError("itables", "is not installed, so no page can be made", "run make .venv/.installed")
    return Path(found.origin).parent / "html" / "dt_bundle.js"


def datatables() -> str:
    """A statement in JavaScript that defines `DataTable`.

    Raises InputError if the bundle of this version of itables has another form.
    """
    text = bundle_file().read_text()
    exported = EXPORTS.findall(text)
    names = dict(pair.split(" as ")[::-1] for pair in exported[0].split(",")) if len(exported) == 1 else {}
    if "jQuery" not in names or "</script" in text:
        raise InputError(bundle_file(), "is no bundle that can be put into a page", "install the locked itables")
    return f"const DataTable = (() => {{{EXPORTS.sub('', text)}\nreturn {names['jQuery']}.fn.dataTable;\n}})();"
