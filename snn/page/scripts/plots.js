// Plots of the page: one SVG per figure, drawn from the data of snn/page/plots.py.

const LINE = 15; // pixels of a further line of a label
const BEYOND = 16; // pixels of a line for a value beyond the axis
const MARGIN = { left: 52, right: 20, top: 22, bottom: 40 };

// A panel with axes, lines, intervals, seeds and marks, in a box of a figure.
function drawPanel(parent, panel, box, look, tell) {
  const left = panel.y.names ? 16 + 7 * Math.max(...panel.y.names.map((name) => name.length)) : MARGIN.left;
  const inner = { x0: box.x + left, x1: box.x + box.width - MARGIN.right, y0: box.y + MARGIN.top, y1: box.y + box.height - MARGIN.bottom };
  const points = panel.series.flatMap((series) => series.points);
  const lines = panel.lines || [];
  const xs = points.flatMap((p) => [p[0], ...p[4].map((s) => s[0])]).concat(lines.flatMap((l) => (l.x === undefined ? [] : [l.x])));
  const ys = points.flatMap((p) => [p[1], p[2] ?? p[1], p[3] ?? p[1], ...p[4].map((s) => s[1])]);
  const x = scaleOf(xs, panel.x, inner.x0, inner.x1);
  const far = panel.y.high !== undefined && !tell.whole ? points.filter((p) => p[1] < panel.y.low || p[1] > panel.y.high) : [];
  const below = far.filter((p) => p[1] < panel.y.low), above = far.filter((p) => p[1] > panel.y.high);
  const names = panel.y.names;
  const y = names
    ? (i) => inner.y0 + ((i + 0.5) / names.length) * (inner.y1 - inner.y0)
    : scaleOf(ys.concat(lines.flatMap((l) => (l.y === undefined ? [] : [l.y]))), panel.y, inner.y1 - BEYOND * below.length, inner.y0 + BEYOND * above.length, tell.whole);
  const group = make(parent, "g");
  for (const tick of x.ticks) {
    make(group, "line", { x1: x(tick), x2: x(tick), y1: inner.y0, y2: inner.y1, class: "grid" });
    make(group, "text", { x: x(tick), y: inner.y1 + 15, "text-anchor": "middle" }, onX(panel, tick));
  }
  for (const tick of names ? names.keys() : y.ticks) {
    make(group, "line", { x1: inner.x0, x2: inner.x1, y1: y(tick), y2: y(tick), class: "grid" });
    make(group, "text", { x: inner.x0 - 6, y: y(tick) + 4, "text-anchor": "end" }, names ? names[tick] : number(tick));
  }
  const middle = Math.min((inner.x0 + inner.x1) / 2, box.x + box.width - 3.4 * panel.x.label.length);
  make(group, "text", { x: middle, y: inner.y1 + 33, "text-anchor": "middle" }, panel.x.label);
  if (panel.title) make(group, "text", { x: inner.x0, y: box.y + 13, class: "title" }, panel.title);
  else if (panel.y.label) make(group, "text", { x: box.x + 4, y: box.y + 13 }, panel.y.label);
  const id = `clip-${Math.round(box.x)}-${Math.round(box.y)}-${tell.name}`;
  const clip = make(make(group, "clipPath", { id }), "rect", { x: inner.x0 - 8, y: inner.y0 - 8, width: inner.x1 - inner.x0 + 16 });
  clip.setAttribute("height", inner.y1 - inner.y0 + 16);
  const drawn = make(group, "g", { "clip-path": `url(#${id})` });
  for (const line of lines) {
    const at = line.x === undefined ? { x1: inner.x0, x2: inner.x1, y1: y(line.y), y2: y(line.y) } : { x1: x(line.x), x2: x(line.x), y1: inner.y0, y2: inner.y1 };
    make(drawn, "line", { ...at, class: "reference" });
  }
  const order = [...new Set(panel.series.map((series) => series.method))];
  for (const series of panel.series) {
    const shift = panel.dodge ? (order.indexOf(series.method) - (order.length - 1) / 2) * Math.min(4, 28 / order.length) : 0;
    const spread = names ? (order.indexOf(series.method) - (order.length - 1) / 2) * Math.min(4, 20 / order.length) : 0;
    const own = make(drawn, "g", { "data-method": series.method, style: `--colour: var(--c${look[series.method].colour})` });
    const place = (p) => [x(p[0]) + shift, y(p[1]) + spread];
    if (series.line) {
      const joined = series.points.filter((p) => p[0] !== panel.x.none);
      make(own, "polyline", { points: joined.map((p) => place(p).join(",")).join(" "), class: series.dash ? "curve dash" : "curve" });
    }
    for (const point of series.points) {
      if (far.includes(point)) {
        const at = below.includes(point) ? inner.y1 + BEYOND * (0.5 - below.length + below.indexOf(point)) : inner.y0 + BEYOND * (0.5 + above.indexOf(point));
        drawBeyond(own, panel, series, point, [x(point[0]), at], inner, look, tell);
        continue;
      }
      const [px, py] = place(point);
      for (const seed of point[4]) make(own, "circle", { cx: x(seed[0]) + shift, cy: y(seed[1]), r: 2.1, class: "seed" });
      if (point[2] !== null) make(own, "line", { x1: px, x2: px, y1: y(point[2]), y2: y(point[3]), class: "interval" });
      const mark = make(own, "path", { d: MARKS[look[series.method].marker], transform: `translate(${px} ${py})`, class: series.dash ? "mark hollow" : "mark" });
      tell.on(mark, wordsOf(panel, series, point));
    }
  }
}

// What the hint at a mark tells.
function wordsOf(panel, series, point) {
  const interval = point[2] === null ? "" : ` (${number(point[2])} to ${number(point[3])})`;
  const value = panel.y.names ? panel.y.names[point[1]] : `${panel.y.label}: ${number(point[1])}${interval}`;
  return [series.method, `${panel.x.label}: ${onX(panel, point[0])}`, value];
}

// A number of the horizontal axis; the clean network of bits has no level.
function onX(panel, value) {
  return value === panel.x.none ? "none" : number(value);
}

// A point beyond the axis, in a line of its own at its edge: its mark, an arrow, its method and its mean.
function drawBeyond(parent, panel, series, point, [x, y], inner, look, tell) {
  const words = `${point[1] < panel.y.low ? "↓" : "↑"} ${number(point[1])} ${series.method}`;
  const left = x + 10 + 7 * words.length > inner.x1;
  const mark = make(parent, "path", { d: MARKS[look[series.method].marker], transform: `translate(${x} ${y})`, class: "mark" });
  make(parent, "text", { x: x + (left ? -10 : 10), y: y + 4, "text-anchor": left ? "end" : "start", class: "halo beyond" }, words);
  tell.on(mark, wordsOf(panel, series, point));
}

// The axis of a forest, with 0, the band and all margins on it.
function axisWithin({ x, band, rows }) {
  if (x.low === undefined) return {};
  const always = [0, ...band, ...rows.flatMap((row) => row.margin ?? [])];
  return { low: Math.min(x.low, ...always), high: Math.max(x.high, ...always) };
}

// Words in lines of so many letters; a longer word is a line of its own.
function inLines(words, most) {
  const lines = [];
  for (const word of words.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// Differences with intervals, a row each; the label stands above its bar.
function drawForest(parent, plot, box, look, tell) {
  const height = 40, [x0, x1] = [box.x + 8, box.x + box.width - 8];
  const labels = plot.rows.map((row) => inLines(row.label, Math.floor((x1 - x0) / 6.4) - row.verdict.length - 3));
  const tops = labels.reduce((found, lines) => [...found, found.at(-1) + height + LINE * (lines.length - 1)], [box.y]);
  const values = plot.rows.flatMap((row) => [...row.point, row.margin ?? 0, ...row.seeds]).filter((value) => value !== null);
  const x = scaleOf(values.concat([0], plot.band), axisWithin(plot), x0, x1, tell.whole);
  const shown = (value) => Math.min(x1, Math.max(x0, x(value)));
  const bottom = tops.at(-1) + 4;
  if (plot.band.length) make(parent, "rect", { x: x(plot.band[0]), width: x(plot.band[1]) - x(plot.band[0]), y: box.y, height: bottom - box.y, class: "band" });
  for (const tick of x.ticks) {
    make(parent, "line", { x1: x(tick), x2: x(tick), y1: box.y, y2: bottom, class: tick === 0 ? "zero" : "grid" });
    make(parent, "text", { x: x(tick), y: bottom + 15, "text-anchor": "middle" }, number(tick));
  }
  make(parent, "text", { x: (x0 + x1) / 2, y: bottom + 33, "text-anchor": "middle" }, plot.x.label);
  plot.rows.forEach((row, i) => {
    const y = tops[i + 1] - 12, own = make(parent, "g", { "data-method": row.methods.join(" ") });
    own.style.setProperty("--colour", `var(--c${look[row.methods[0]].colour})`);
    const label = make(own, "text", { x: x0, y: tops[i] + 15, class: "halo label" });
    labels[i].forEach((words, k) => make(label, "tspan", { x: x0, y: tops[i] + 15 + LINE * k }, k + 1 < labels[i].length ? `${words} ` : words));
    make(own, "text", { x: x1, y: tops[i] + 15, "text-anchor": "end", class: "halo verdict" }, row.verdict);
    for (const seed of row.seeds.filter((value) => !x.beyond(value))) make(own, "circle", { cx: x(seed), cy: y + 7, r: 2.1, class: "seed" });
    const [value, low, high] = row.point;
    const beyond = x.beyond(value);
    if (!beyond) make(own, "line", { x1: low === null ? x0 : shown(low), x2: high === null ? x1 : shown(high), y1: y, y2: y, class: "interval" });
    if (row.margin !== undefined) make(own, "line", { x1: x(row.margin), x2: x(row.margin), y1: y - 7, y2: y + 7, class: "margin" });
    const open = /not|equivalent/.test(row.verdict);
    if (value !== null) {
      const mark = make(own, "path", { d: MARKS[look[row.methods[0]].marker], transform: `translate(${beyond ? shown(value) - 5 * beyond : x(value)} ${y})`, class: open ? "mark hollow" : "mark" });
      if (beyond) make(own, "text", { x: shown(value) - 16 * beyond, y: y + 4, "text-anchor": beyond < 0 ? "start" : "end", class: "halo beyond" }, beyond < 0 ? `← ${number(value)}` : `${number(value)} →`);
      tell.on(mark, [row.label, `${number(value)} (${number(low)} to ${number(high)})`, row.verdict]);
    }
  });
  return bottom + 40 - box.y;
}

// The legend inside the picture, which saved files have; on the page it is a group of buttons.
function drawLegend(parent, methods, look, width) {
  let [x, y] = [6, 12];
  for (const method of methods) {
    const length = 32 + 7.2 * method.length;
    if (x + length > width && x > 6) [x, y] = [6, y + 18];
    const own = make(parent, "g", { "data-method": method, class: "legend", style: `--colour: var(--c${look[method].colour})` });
    make(own, "path", { d: MARKS[look[method].marker], transform: `translate(${x + 6} ${y - 4})`, class: "mark" });
    make(own, "text", { x: x + 16, y }, method);
    x += length;
  }
  return y + 10;
}

// The methods that a plot shows under an energy convention.
const panelsOf = (plot, convention) => (plot.panels || []).filter((panel) => !panel.convention || panel.convention === convention);
function methodsOf(plot, convention, look) {
  const shown = panelsOf(plot, convention).flatMap((panel) => panel.series.map((series) => series.method));
  const found = new Set([...shown, ...(plot.rows || []).flatMap((row) => row.methods)]);
  return Object.keys(look).filter((method) => found.has(method));
}

// The SVG of a figure in `width` pixels, under an energy convention. `tell.on(element, words)` explains a mark;
// `tell.legend`: whether the legend is part of the picture.
function drawPlot(plot, width, convention, look, tell) {
  const svg = document.createElementNS(SVG, "svg");
  const panels = panelsOf(plot, convention);
  let y = tell.legend && !plot.rows ? drawLegend(svg, methodsOf(plot, convention, look), look, width) : 4;
  if (plot.rows) y += drawForest(svg, plot, { x: 0, y, width }, look, tell);
  const columns = Math.max(1, Math.min(panels.length, Math.floor(width / 330)));
  const size = { width: width / columns, height: 0 };
  panels.forEach((panel, i) => {
    size.height = panel.y.names ? 70 + 34 * panel.y.names.length : Math.min(300, Math.max(220, size.width * 0.5));
    drawPanel(svg, panel, { x: (i % columns) * size.width, y: y + Math.floor(i / columns) * size.height, ...size }, look, tell);
  });
  y += Math.ceil(panels.length / columns) * size.height;
  svg.setAttribute("viewBox", `0 0 ${width} ${y}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${plot.title}. ${plot.note} The values are in the table of this section and in the CSV file.`);
  return svg;
}

// The points of a plot as CSV.
function plotRows(plot, convention) {
  if (plot.rows) {
    const head = ["label", "value", "low", "high", "margin", "verdict", "values of seeds"];
    return [head, ...plot.rows.map((row) => [row.label, ...row.point, row.margin ?? "", row.verdict, row.seeds.join(" ")])];
  }
  const rows = [["panel", "method", "dashed", "x", "y", "low", "high", "values of seeds"]];
  for (const panel of panelsOf(plot, convention))
    for (const series of panel.series)
      for (const point of series.points) {
        const x = point[0] === panel.x.none ? "none" : point[0], y = panel.y.names ? panel.y.names[point[1]] : point[1];
        rows.push([panel.title || panel.convention || "", series.method, series.dash ? "yes" : "", x, y, point[2], point[3], point[4].map((seed) => seed[1]).join(" ")]);
      }
  return rows;
}
