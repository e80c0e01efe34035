"""The page of an audit: one HTML file that needs no other. No torch."""

import html

import pandas as pd

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: 3px 9px; border-bottom: 1px solid #ddd; text-align: right } th:first-child, td:first-child,
th:nth-child(2), td:nth-child(2) { text-align: left } svg { max-width: 100%; height: auto } .wide { overflow-x: auto }
"""


def page(
    facts: dict[str, str], layers: pd.DataFrame, prices: pd.DataFrame, curves: pd.DataFrame, pictures: dict[str, str]
) -> str:
    """Everything in one file that needs no other."""
    noisy = curves.dropna(subset=["noise"]).groupby(["noise", "level"], sort=False).accuracy
    spread = noisy.agg(["mean", "min", "max"]).mul(100).reset_index()
    meant = "".join(f"<li><b>{row.convention}</b>: {html.escape(row.said)}</li>" for row in prices.itertuples())
    lines = "".join(f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in facts.items())
    svg = {name: text[text.index("<svg") :] for name, text in pictures.items()}
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Audit of {html.escape(facts["network"])}</title><style>{STYLE}</style>
<h1>Audit of a spiking network</h1><table>{lines}</table>
<h2>Operations of one inference</h2>
<p>Averages over the samples, all steps. An accumulate (AC) is a spike that reaches a synapse; a multiply-accumulate
(MAC) an analog number that does, counted once where it is the same at every step (<code>macs_once</code>) and at every
step (<code>macs_every_step</code>). Which of the two it is, is declared by where it comes from, never read off
values.</p>
{svg["layers.svg"]}<div class="wide">{_html(layers)}</div>
<h2>Energy of one inference</h2>
<p>Under every convention of <code>params/energy</code>, beside an ANN of the same layers, every synapse multiplied
once. Below 1 the spiking network takes less; at the break-even number of spikes a neuron both take the same.</p>
<ul>{meant}</ul>
{svg["energy.svg"]}<div class="wide">{_html(prices.drop(columns="said"))}</div>
<h2>Noisy hardware</h2>
<p>Accuracy in percent, mean, worst and best of the chips, without calibration.</p>
{svg["noise.svg"]}<div class="wide">{_html(spread)}</div>
</html>
"""


def _html(table: pd.DataFrame) -> str:
    return table.to_html(index=False, border=0, na_rep="", float_format=_number)


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"
