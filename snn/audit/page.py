"""The page of an audit: a single HTML file without external resources. No torch."""

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
    """The HTML of the page; `facts` are rows of its first table, `pictures` SVG documents by file name."""
    noisy = curves.dropna(subset=["noise"]).groupby(["noise", "level"], sort=False).accuracy
    spread = noisy.agg(["mean", "min", "max"]).mul(100).reset_index()
    meant = "".join(f"<li><b>{row.convention}</b>: {html.escape(row.description)}</li>" for row in prices.itertuples())
    lines = "".join(f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in facts.items())
    svg = {name: text[text.index("<svg") :] for name, text in pictures.items()}
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Audit of {html.escape(facts["network"])}</title><style>{STYLE}</style>
<h1>Audit of a spiking network</h1><table>{lines}</table>
<h2>Operations of one inference</h2>
<p>Mean over the samples, sum over all steps. An accumulate (AC) is a spike that reaches a synapse, a
multiply-accumulate (MAC) an analog number that reaches a synapse. A number that is equal at all steps is counted once
in <code>macs_once</code> and at every step in <code>macs_every_step</code>. The source of an input, never its values,
decides between AC and MAC.</p>
{svg["layers.svg"]}<div class="wide">{_html(layers)}</div>
<h2>Energy of one inference</h2>
<p>Under every convention of <code>params/energy</code>, compared with an ANN of the same layers, which has one MAC per
synapse. Below 1 the spiking network needs less energy; at the break-even number of spikes per neuron both need the
same.</p>
<ul>{meant}</ul>
{svg["energy.svg"]}<div class="wide">{_html(prices.drop(columns="description"))}</div>
<h2>Noisy hardware</h2>
<p>Accuracy in percent without calibration: mean, worst and best chip.</p>
{svg["noise.svg"]}<div class="wide">{_html(spread)}</div>
</html>
"""


def _html(table: pd.DataFrame) -> str:
    return table.to_html(index=False, border=0, na_rep="", float_format=_number)


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"
