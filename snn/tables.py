"""Rows of all runs become the tables: collect, price, summarise, compare with what was published, check claims. No
torch.

runs.csv, layers.csv, epochs.csv, summary.csv and summary.md hold nothing that differs between two runs of the same job
on one machine; what does (seconds, memory, commit, versions) is in costs.csv.

Summary: chips are averaged within a seed first, so that n counts seeds; interval = t(0.975, n-1) sd / sqrt(n).
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError
from ruamel.yaml import YAML
from scipy.special import stdtrit

from snn import files
from snn.claims import check
from snn.errors import InputError
from snn.kinds import Energy, Figure
from snn.params import load_claims, load_published
from snn.schema import Row, RunRow

RUN_KEY = ["task", "dataset", "network", "method", "rule", "protocol", "steps", "steps_eval"]
CONDITION = ["condition", "noise", "level"]
OUTCOME = ["value_val", "value_test"]
WORK = ["spikes", "sparsity", "acs", "macs_once", "macs_every_step", "neuron_updates", "dense_macs", "energy_nj"]
NJ_PER_PJ = 1e-3


def run(job: Any, out: Path) -> None:
    """Do a `jobs.Tables` job. Raises InputError naming a file whose bytes are not those that were recorded."""
    folders = [
        folder for e in job.evaluations for folder in (e.run.folder, *(c.folder for c in e.calibrations), e.folder)
    ]
    for folder in folders:
        files.verify(folder)
    runs = pd.concat([_rows(evaluation, job) for evaluation in job.evaluations], ignore_index=True)
    layers = pd.concat([_read(evaluation.folder / "layers.csv") for evaluation in job.evaluations], ignore_index=True)
    epochs = pd.concat([_epochs(evaluation.run) for evaluation in job.evaluations], ignore_index=True)
    costs = pd.DataFrame([_costs(folder) for folder in folders])
    summary = summarise(runs)
    summary = beside_published(beside_teacher(summary, job.experiment.teacher), load_published().figures)
    claims = check(load_claims().claims, runs)
    tables = {"runs": runs, "layers": layers, "epochs": epochs, "costs": costs, "summary": summary, "claims": claims}
    for name, table in tables.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False))
    files.write(out / "summary.md", summary_page(job, summary, costs))
    files.write(out / "claims.md", claims_page(claims))
    files.write(out / "metrics.yaml", _yaml(metrics(summary)))


def energy_nj(row: Row, energy: Energy) -> float:
    """Energy of an inference in nanojoule: MACs, ACs and neuron updates, each at its price."""
    macs = row.macs_once if energy.first_layer == "once" else row.macs_every_step
    updates = row.neuron_updates * energy.neuron_update_pj
    return NJ_PER_PJ * (macs * energy.mac_pj + row.acs * energy.ac_pj + updates)


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method and condition: mean, sd, n and half the 95 % interval over seeds; `chips_sd` within a seed."""
    key = [*RUN_KEY, *CONDITION, "targets", "metric", "direction"]
    by_seed = runs.groupby([*key, "seed"], dropna=False, sort=False)
    seeds = by_seed[[*OUTCOME, *WORK]].mean()
    chips_sd = by_seed["value_test"].std().groupby(key, dropna=False, sort=False).mean()
    groups = seeds.groupby(key, dropna=False, sort=False)
    summary = groups[WORK].mean()
    for column in reversed(OUTCOME):
        n, sd = groups[column].count(), groups[column].std()
        summary.insert(0, f"{column}_ci95", interval(sd, n))
        summary.insert(0, f"{column}_sd", sd)
        summary.insert(0, f"{column}_mean", groups[column].mean())
    summary.insert(0, "n", groups.size())
    summary["chips_sd"] = chips_sd
    return summary.reset_index()


def interval(sd: pd.Series, n: pd.Series) -> pd.Series:
    """Half the width of the 95 % confidence interval of a mean: t(0.975, n-1) sd / sqrt(n); nothing for n = 1."""
    return stdtrit((n - 1).where(n > 1), 0.975) * sd / n**0.5


def beside_teacher(summary: pd.DataFrame, teacher: str) -> pd.DataFrame:
    """Add how far each row lies above (or below) the clean teacher ANN, and its energy over the teacher's."""
    reference = summary[(summary.method == teacher) & (summary.condition == "clean")].iloc[0]
    difference = summary.value_test_mean - reference.value_test_mean
    return summary.assign(above_teacher=difference, energy_of_teacher=summary.energy_nj / reference.energy_nj)


def beside_published(summary: pd.DataFrame, published: Sequence[Figure]) -> pd.DataFrame:
    """Add the published figure of the same data set, network, method and steps, its trust, and our distance from it."""
    keys = ["dataset", "network", "method", "steps"]
    table = pd.DataFrame([figure.model_dump() for figure in published], columns=[*keys, "value", "trust"]).rename(
        columns={"value": "published"}
    )
    merged = summary.merge(table.assign(condition="clean"), how="left", on=[*keys, "condition"])
    return merged.assign(above_published=merged.value_test_mean - pd.to_numeric(merged.published))


def metrics(summary: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The headline numbers, for comparing releases."""
    clean = summary[summary.condition == "clean"].set_index("method")
    return {
        "value_test": {method: round(value, 4) for method, value in clean.value_test_mean.items()},
        "energy_nj": {method: round(value, 3) for method, value in clean.energy_nj.items()},
    }


def summary_page(job: Any, summary: pd.DataFrame, costs: pd.DataFrame) -> str:
    """summary.md: methods in rows, clean first, then a table a noise model with its levels in columns."""
    clean = summary[summary.condition == "clean"]
    columns = {
        "method": clean.method,
        "T": clean.steps,
        "validation %": [percent(*row) for row in clean[["value_val_mean", "value_val_ci95"]].values],
        "test %": [percent(*row) for row in clean[["value_test_mean", "value_test_ci95"]].values],
        "vs teacher": [f"{100 * value:+.1f}" for value in clean.above_teacher],
        "ACs": [f"{value:,.0f}" for value in clean.acs],
        "MACs": [f"{value:,.0f}" for value in clean[f"macs_{job.energy.first_layer}"]],
        "energy nJ": [f"{value:,.1f}" for value in clean.energy_nj],
        "of teacher": [f"{value:.2f}" for value in clean.energy_of_teacher],
    }
    n = int(clean.n.max())
    parts = [
        f"# {job.name}: {job.experiment.dataset}, {job.experiment.network}",
        ("Accuracy of 1 seed." if n == 1 else f"Accuracy, mean and 95 % interval over {n} seeds.")
        + f" Work and energy of one inference, {job.experiment.energy}.",
        pd.DataFrame(columns).to_markdown(index=False, disable_numparse=True),
    ]
    for hardware in job.experiment.hardware:
        rows = summary[summary.noise == hardware.noise]
        chips = f"{hardware.chips} chip{'s' * (hardware.chips > 1)}"
        parts += [
            f"## {hardware.noise}: test accuracy on {chips}, before -> after calibration",
            _noise_table(clean, rows).to_markdown(index=False, disable_numparse=True),
        ]
    if len(costs[["device", "versions"]].drop_duplicates()) > 1:
        parts.append("**Mixed:** these runs were made on more than one device or with more than one set of versions.")
    return "\n\n".join(parts) + "\n"


def claims_page(claims: pd.DataFrame) -> str:
    """claims.md: each claim, what was found, and the verdict."""
    return "# Claims\n\n" + claims.to_markdown(index=False, floatfmt=".4f") + "\n"


def percent(mean: float, half: float) -> str:
    """A share as percent, with half its interval where there is one."""
    return f"{100 * mean:.1f}" + ("" if pd.isna(half) else f" ± {100 * half:.1f}")


def _noise_table(clean: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    table = {"method": [], "clean": [], "targets": []} | {f"level {level:g}": [] for level in sorted(set(rows.level))}
    for method, own in rows.groupby("method", sort=False):
        mean = own.set_index(["condition", "level"]).value_test_mean
        table["method"].append(method)
        table["clean"].append(f"{100 * clean.set_index('method').value_test_mean[method]:.1f}")
        table["targets"].append(own.targets.dropna().iloc[0])
        for level in sorted(set(rows.level)):
            before, after = mean["noisy", level], mean["calibrated", level]
            table[f"level {level:g}"].append(f"{100 * before:.1f} -> {100 * after:.1f}")
    return pd.DataFrame(table)


def _rows(evaluation: Any, job: Any) -> pd.DataFrame:
    """The rows of one run, priced and checked against the schema."""
    rows, remedy = [], f"remove {evaluation.folder} and start the workflow again"
    for measured in files.read_csv(evaluation.proof, remedy):
        try:
            row = Row.model_validate({column: value for column, value in measured.items() if value}, strict=False)
        except ValidationError as error:
            raise InputError(evaluation.proof, f"does not hold the rows of this version ({error})", remedy) from error
        price = {"energy_nj": energy_nj(row, job.energy), "energy_table": job.experiment.energy}
        rows.append({**row.model_dump(), **price})
    return pd.DataFrame([RunRow.model_validate(row).model_dump() for row in rows])


def _epochs(run: Any) -> pd.DataFrame:
    epochs = _read(run.folder / "epochs.csv")
    for place, column in enumerate(identity := _identity(run)):
        epochs.insert(place, column, identity[column])
    return epochs


def _identity(run: Any) -> dict[str, Any]:
    names = {"dataset": run.data.name, "network": run.network_name, "method": run.method_name}
    return {**names, "steps": run.steps, "seed": run.seed}


def _costs(folder: Path) -> dict[str, Any]:
    document = files.read_json(folder / "provenance.json", f"remove {folder} and start the workflow again")
    versions = " ".join(f"{name}={version}" for name, version in document["versions"].items())
    return {
        "path": str(folder),
        **document["cost"],
        "commit": document["commit"],
        "dirty": document["dirty"],
        "versions": f"python={document['python']} {versions}",
        "platform": document["platform"],
        "parents": " ".join(f"{role}={sha}" for role, sha in document["parents"].items()),
    }


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        remedy = f"remove {path.parent} and start the workflow again"
        raise InputError(path, f"cannot be read ({error})", remedy) from error


def _yaml(document: Any) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return text.getvalue()
