"""The command readme: the answer and the tables that README and docs show between their markers."""

from collections.abc import Iterator
from pathlib import Path

from snn.cli import claims, front, lead
from snn.cli.evidence import chips, costs
from snn.cli.shown import Shown
from snn.config import params
from snn.core import files
from snn.core.errors import InputError
from snn.core.steps import doing
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import collected, power
from snn.report.dictionary import dictionary
from snn.report.sections import ABOUT

README = Path("README.md")
SHOWN_IN_RESULTS = (DEFAULT_EXPERIMENT, "matched", "matched_fashion", "fashion_quick", "digits_residual")
SHOWN_IN_PITFALLS = ("digits_all", "digits_residual")
SHOWN_ENERGY = ("claims_fashion", DEFAULT_EXPERIMENT)
SHOWN_ON_CHIPS = (DEFAULT_EXPERIMENT,)
SHOWN_CALIBRATORS = "hardware_digits"
WHICH_RULE = Path("docs/results/which-rule.md")
ON_README = ("in short", "cases", "limits", "costs")  # other texts of the front stand in docs
VERDICT = "Energy over that"
TEACHERS = "\n## With the teacher"  # the first table of comparisons.md that no experiment asks for


def readme() -> None:
    """Write the tables that README and docs show between their markers.

    Raises InputError, with no file written, if a stamp does not prove its files, if tables contradict each other, the
    plan or git, if runs of today were made by code that was not committed or their report is stale, if a report of
    today is not made of its tables, or if a marker is missing.
    """
    shown = on_record()
    for i, found in enumerate(shown.tables.values(), 1):
        doing(f"proving {found.name}, {i} of {len(shown.tables)}")
        found.prove()
        found.refuse_inconsistent()
        found.refuse_unknown_commits()
        found.refuse_dirty()
        found.refuse_stale_report()
        found.refuse_forged_report()
    doing("writing answers and tables into README and docs")
    pages: dict[Path, str] = {}
    for path, marker, body in documented(shown):
        begin, place, rest = pages.setdefault(path, path.read_text()).partition(f"<!-- {marker}: ")
        label, _, before = rest.partition("\n")
        _, end, after = before.partition("<!-- end -->")
        if not place or not end:
            raise InputError(path, f"has no place for {marker}", f"write <!-- {marker}: --> and <!-- end --> into it")
        pages[path] = f"{begin}{place}{label}\n{body}{end}{after}"
    for path, page in pages.items():
        files.write(path, page)
    lead.write(shown.compared)


def on_record() -> Shown:
    """All tables on record by experiment, since one page names all; and those that are shown but are not there."""
    named = {
        *record.names(),
        *front.experiments(),
        *SHOWN_IN_RESULTS,
        *SHOWN_ENERGY,
        *SHOWN_ON_CHIPS,
        SHOWN_CALIBRATORS,
        *SHOWN_IN_PITFALLS,
    }
    return Shown({name: record.TablesOnRecord(name) for name in sorted(named)})


def documented(shown: Shown) -> Iterator[tuple[Path, str, str]]:
    """What is shown where, (file, marker, text), from the tables of this checkout; stale tables carry a mark."""
    tables = shown.tables
    for marker, text in front.texts(shown).items():
        yield README if marker in ON_README else WHICH_RULE, marker, text
    yield README, "claims", f"{claims.short(tables[name] for name in record.names())}\n"
    for experiment in SHOWN_IN_RESULTS:
        found = tables[experiment]
        _, _, table = _shown(found.report / "summary.md").split("\n", 2)
        yield Path("docs/results/tables.md"), experiment, table.replace("## ", "### ") + found.mark  # less its heading
    energies = {name: params.load("energy", name) for name in params.names("energy")}
    yield Path("docs/energy.md"), "prices", f"{costs.prices(energies)}\n"
    for experiment in SHOWN_ENERGY:
        found = tables[experiment]
        joules = (found.report / "energy.md").read_text()
        verdict = joules[joules.index(VERDICT) :].split("\n## ", 1)[0]
        yield Path("docs/energy.md"), f"{experiment} energy", verdict + found.mark
    for experiment in SHOWN_ON_CHIPS:
        found = tables[experiment]
        _, _, told = _shown(found.report / "hardware.md").split("\n", 2)
        yield Path("docs/hardware.md"), f"{experiment} chips", told.replace("\n##", "\n####") + found.mark
    yield Path("docs/hardware.md"), "calibrators", f"{chips.calibrators(tables[SHOWN_CALIBRATORS])}\n"
    effects = []
    for experiment in SHOWN_IN_PITFALLS:
        found = tables[experiment]
        _, *asked = (found.report / "comparisons.md").read_text().split(TEACHERS)[0].split("\n## ")
        effect = "\n\n".join(f"#### {table.strip()}" for table in asked)
        effects.append(f"### {experiment}\n\n{effect}\n{found.mark}")
    yield Path("docs/pitfalls.md"), "effects", "\n".join(effects)
    compared = {name: collected.read(found.report / "comparisons.csv") for name, found in tables.items()}
    yield Path("docs/results/power.md"), "power", power.page(compared, {name: one.mark for name, one in tables.items()})
    yield Path("docs/tables.md"), "columns", f"\n{dictionary()}"


def _shown(page: Path) -> str:
    """A page without its caption, which docs/tables.md shows once."""
    return page.read_text().split(f"\n## {ABOUT}\n")[0].rstrip() + "\n"
