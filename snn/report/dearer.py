"""Which methods need more energy than their teacher, in words. No torch."""

import pandas as pd

from snn.report.words import listed


def dearer(rows: pd.DataFrame) -> str:
    """Who needs more energy than the teacher, by the intervals of the ratio; by the ratio alone with one seed."""
    if rows.of_teacher_low.isna().all():
        where = _under(rows[rows.of_teacher > 1])
        return f"More than the teacher: {where}." if where else "They need less under every convention."
    more, open_ = rows[rows.of_teacher_low > 1], rows[(rows.of_teacher_low <= 1) & (rows.of_teacher_high >= 1)]
    parts = [f"More than the teacher: {_under(more)}."] if len(more) else []
    parts += [f"Not resolved whether more: {_under(open_)}."] if len(open_) else []
    return " ".join(parts) or "They need less under every convention."


def _under(rows: pd.DataFrame) -> str:
    by = rows.groupby("convention", sort=False)
    return "; ".join(f"{listed(list(part.method))} under {name}" for name, part in by)
