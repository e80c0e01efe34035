// Which rule for my chip: what the command recommend tells, for any bounds. All texts and differences were computed when
// the page was made; here candidates are chosen and ordered.

const CHOSEN = ["noise", "level", "calibrated"]; // of a place, in the order in which they are chosen
const inputOf = (name) => document.getElementById(`recommend-${name}`);
const WORDS = {
  noise: (value) => value ?? "none: clean networks", level: (value) => (value ? String(value) : "–"),
  calibrated: (value) => (value ? "calibrated" : "as manufactured"),
};
const RELATIONS = [ // of the first rule to others, by what these are
  ["not resolved", "Not resolved against"], ["equivalent", "Equivalent to"], ["worse", "Better than"],
  ["better", "Worse than"], ["not tested", "Not tested against"],
];
const NAMED = 5; // rules of a verdict that are named; of more, so many, and the number of the others
const ROUNDING = 1e-9; // means that are a margin apart, to rounding, are within it

function offer(name, values, value, words) {
  inputOf(name).replaceChildren(...values.map((each) => element("option", words(each), { value: JSON.stringify(each), ...(each === value && { selected: "" }) })));
  inputOf(name).disabled = values.length < 2;
}

// Fills the selects in turn with what the choices before leave, and returns the place that is left. A choice is kept
// where it is still possible; `wanted` tells the first one of each.
function choose(wanted) {
  let left = data.choices.places;
  for (const name of CHOSEN) {
    const values = [...new Set(left.map((place) => place[name]))].sort((a, b) => (typeof a === "number" ? a - b : 0));
    const value = values.includes(wanted[name]) ? wanted[name] : name === "calibrated" ? values.includes(true) : values[0];
    offer(name, values, value, WORDS[name]);
    left = left.filter((place) => place[name] === value);
  }
  offerSteps(left[0]);
  return left[0];
}

// The bounds on steps that a place allows, as text: "", "most 4", "only 4". The one that is chosen is kept if possible.
function offerSteps(place) {
  const known = [...new Set(place.steps)].sort((a, b) => a - b);
  const values = ["", ...known.map((t) => `most ${t}`), ...known.map((t) => `only ${t}`)];
  const chosen = inputOf("steps").value ? JSON.parse(inputOf("steps").value) : "";
  offer("steps", values, values.includes(chosen) ? chosen : "", (value) => (value ? value.replace("most", "at most") : "any"));
}

// What is asked beside the place: which steps hold, most energy, and both in words and as arguments of the command.
function boundsOf() {
  const [kind, text] = JSON.parse(inputOf("steps").value).split(" "), t = Number(text);
  const wanted = Number(inputOf("most").value), most = wanted > 0 ? wanted : Infinity;
  return {
    most, steps: (own) => (kind === "most" ? own <= t : kind === "only" ? own === t : true),
    words: [...(kind === "most" ? [`T at most ${t}`] : kind === "only" ? [`T = ${t}`] : []), ...(most < Infinity ? [`at most ${most} nJ`] : [])],
    command: [...(kind === "most" ? ["--max-steps", t] : kind === "only" ? ["--steps", t] : []), ...(most < Infinity ? ["--max-energy", most] : [])],
  };
}

// The interval of a row as a bar with its mean, on the scale of all rows.
function intervalBar(cell, row, rows, heads) {
  const ends = (one) => one[heads.indexOf("95 % interval")].split(" to ").map(Number);
  const values = rows.flatMap(ends), low = Math.min(...values), wide = Math.max(...values) - low || 1;
  const x = (value) => 4 + (92 * (value - low)) / wide;
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 100 12", class: "spread", "aria-hidden": "true" })) svg.setAttribute(name, value);
  svg.style.setProperty("--colour", `var(--c${data.methods[row[0]].colour})`);
  const [from, to] = ends(row), mean = Number(row[heads.indexOf("test")]);
  make(svg, "line", { x1: x(from), x2: x(to), y1: 6, y2: 6, class: "interval" });
  make(svg, "path", { d: MARKS[data.methods[row[0]].marker], transform: `translate(${x(mean)} 6) scale(.8)`, class: "mark" });
  cell.append(svg);
}

// The candidates of a place within bounds under a convention, by index: all, and that of each rule, at the steps of its
// training if these are within the bounds, the best mean first; of rules without any the one that needs least; one that
// is cheaper than the first rule; one with a better mean at other steps.
function ranking(place, bounds, under = convention) {
  const needs = place.needs[data.conventions.indexOf(under)], { means, steps, rows } = place;
  const sign = data.choices.better === "higher is better" ? 1 : -1, rule = (i) => rows[i][0], near = data.choices.margin;
  const ordered = [...rows.keys()].sort((a, b) => sign * (means[b] - means[a]) || needs[a] - needs[b] || a - b);
  const firstOfRules = (list) => list.filter((i, k) => list.findIndex((other) => rule(other) === rule(i)) === k);
  const trained = (i) => parseInt(rows[i][data.choices.heads.indexOf("trained at T")], 10) === steps[i];
  const anywhere = ordered.filter((i) => needs[i] <= bounds.most), every = anywhere.filter((i) => bounds.steps(steps[i]));
  const own = firstOfRules(every.filter(trained)), others = firstOfRules(every.filter((i) => !own.some((one) => rule(one) === rule(i))));
  const rules = every.filter((i) => own.includes(i) || others.includes(i)), first = rules[0];
  const byNeed = (list) => list.sort((a, b) => needs[a] - needs[b]);
  const left = ordered.filter((i) => bounds.steps(steps[i]) && !every.some((other) => rule(other) === rule(i)));
  const verdict = (i) => data.choices.verdicts[place.beside[first][i][1]];
  const able = first === undefined || near === null || place.seeds[first] < 2 ? []
    : byNeed(every.filter((i) => needs[i] < needs[first] && Math.abs(means[i] - means[first]) <= near + ROUNDING));
  const cheaper = ["equivalent", "not resolved", "better"].map((kind) => able.find((i) => verdict(i).startsWith(kind))).find((i) => i !== undefined);
  const best = anywhere[0], elsewhere = best !== undefined && (first === undefined || means[best] !== means[first]) ? best : undefined;
  return { every: every.length ? [first, ...every.filter((i) => i !== first)] : [], rules, least: firstOfRules(byNeed(left)), cheaper, elsewhere, first, needs };
}

const atLeast = (nj) => Math.ceil(100 * nj) / 100; // so that it is within a bound of so much
const listed = (words) => (words.length > NAMED + 1 ? listed([...words.slice(0, NAMED), `${words.length - NAMED} more`])
  : words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0]);

// A candidate in words: its rule, how chips were calibrated, and its steps.
function named(place, i) {
  const calibrator = place.rows[i][data.choices.heads.indexOf("calibrator")];
  return `${place.rows[i][0]}${calibrator === "-" ? "" : ` with calibrator ${calibrator.replace(" ", " (")} targets)`} at T = ${place.steps[i]}`;
}

// What is first within the bound on energy under the other conventions, if that depends on the convention.
function underOthers(place, bounds) {
  if (bounds.most === Infinity) return "";
  const firsts = new Map();
  for (const name of data.conventions) {
    const { first } = ranking(place, bounds, name), told = first === undefined ? "none" : named(place, first);
    firsts.set(told, [...(firsts.get(told) || []), name]);
  }
  const others = [...firsts].filter(([, names]) => !names.includes(convention)).map(([told, names]) => `${told} under ${listed(names)}`);
  return others.length ? `The bound is of this energy table; first under others: ${others.join("; ")}.` : "";
}

// What the bound on energy costs: the first one without it, if that has a better mean, beside the first within.
function beyond(place, bounds, found) {
  const best = ranking(place, { ...bounds, most: Infinity }).first;
  if (found.first === undefined || place.means[best] === place.means[found.first]) return [];
  return [`Without the bound on energy: ${beside(place, best, found)}.`];
}

// A candidate with its value, its energy, and what it is beside the first one of a ranking, if there is one.
function beside(place, i, { first, needs }) {
  const { heads, verdicts } = data.choices, own = place.rows[i], at = data.conventions.indexOf(convention);
  const told = `${named(place, i)}, ${own[heads.indexOf("test")]} ${data.unit}, ${own[heads.indexOf("energy nJ")][at]} nJ`;
  return first === undefined ? told : `${told}; ${place.beside[first][i][0]} ${data.points}, ${verdicts[place.beside[first][i][1]]}`;
}

// The ranking in the sentences of the command recommend, the answer first.
function sentences(place, bounds, found) {
  const { heads, verdicts } = data.choices, at = data.conventions.indexOf(convention), { rows } = place, { first, needs } = found;
  const cell = (i, head) => { const own = rows[i][heads.indexOf(head)]; return head === "energy nJ" ? own[at] : own; };
  const value = (i) => `${cell(i, "test")} ${data.unit}`;
  if (first === undefined) {
    const lowest = found.least[0];
    return [`no rule is within ${bounds.most} nJ; the lowest is ${atLeast(needs[lowest])} nJ, ${named(place, lowest)}.`,
      ...(found.elsewhere === undefined ? [] : [`At another T: ${beside(place, found.elsewhere, found)}.`])];
  }
  const told = [`${named(place, first)}: ${value(first)} (95 % interval ${cell(first, "95 % interval")}), ${cell(first, "energy nJ")} nJ.`];
  const others = found.rules.slice(1), of = (i) => verdicts[place.beside[first][i][1]];
  const share = (k) => (k < others.length ? `${k} of ${others.length} other rules` : k === 1 ? "the other rule" : `all ${k} other rules`);
  if (place.seeds[first] < 2) told.push("One seed decides nothing.");
  else {
    for (const [kind, relation] of RELATIONS) {
      for (const verdict of [...new Set(others.map(of))].filter((one) => one.startsWith(kind)).sort()) {
        const own = others.filter((i) => of(i) === verdict), given = verdict.slice(kind.length).replace(/^[,: ]+/, "");
        const words = given ? `, ${given}` : kind === "equivalent" ? ", within a point" : "";
        told.push(`${relation} ${share(own.length)}${words}: ${listed(own.map((i) => `${rows[i][0]} (${cell(i, "test")})`))}.`);
      }
    }
  }
  if (!others.length) told.push(`It is the only rule${found.least.length ? " within the bounds" : ""}.`);
  if (found.cheaper !== undefined) told.push(`Cheaper, its mean within a point: ${beside(place, found.cheaper, found)}.`);
  if (found.elsewhere !== undefined) told.push(`A ${data.choices.better.split(" ")[0]} mean at another T: ${beside(place, found.elsewhere, found)}.`);
  if (found.least.length && bounds.most < Infinity) {
    told.push(`Above ${bounds.most} nJ, with what they need at the least: ${listed(found.least.map((i) => `${rows[i][0]} (${atLeast(needs[i])} nJ)`))}.`);
  }
  return told;
}

// The cells of a candidate as they are shown, with difference and verdict beside the first one.
function cellsBeside(place, i, first) {
  const at = data.conventions.indexOf(convention), [behind, verdict] = place.beside[first][i];
  return data.choices.heads.map((head, k) => ({ "energy nJ": place.rows[i][k][at], behind, verdict: data.choices.verdicts[verdict] })[head] ?? place.rows[i][k]);
}

function answered(place) {
  const { heads } = data.choices, bounds = boundsOf(), found = ranking(place, bounds), every = inputOf("every").checked;
  const chip = place.noise ? `${place.noise} ${place.level}, ${WORDS.calibrated(place.calibrated)}` : "Clean networks";
  const [answer, ...more] = [...sentences(place, bounds, found), ...beyond(place, bounds, found)], shown = every ? found.every : found.rules;
  document.getElementById("recommend-where").textContent = [chip, ...bounds.words].join(", ");
  document.getElementById("recommend-answer").textContent = answer;
  document.getElementById("recommend-more").replaceChildren(...more.map((words) => element("li", words)));
  const about = place.noise ? `${place.noise}: ${data.choices.chips[place.noise]}` : Object.keys(data.choices.chips).length ? "" : "This experiment has no chips; recommend in a terminal finds the sets of tables that have them.";
  document.getElementById("recommend-chip").textContent = [underOthers(place, bounds), about, data.choices.prices[convention] || ""].filter(Boolean).join(" ");
  document.getElementById("recommend-command").textContent =
    [".venv/bin/python -m snn recommend", ...place.command, ...bounds.command, "--energy", convention, "--experiment", data.experiment, ...(every ? ["--every-row"] : [])].join(" ");
  document.getElementById("recommend-extrapolated").hidden = !shown.some((i) => place.rows[i][heads.indexOf("trained at T")].endsWith("*"));
  document.getElementById("recommend-chosen").hidden = every || !shown.length;
  const table = document.getElementById("table-recommend"), titles = table.tHead.rows[0].cells;
  table.parentNode.hidden = !shown.length;
  table.tBodies[0].replaceChildren(...shown.map((i) => {
    const row = place.rows[i], own = cellsBeside(place, i, found.first);
    const made = element("tr", "", { "data-methods": row[0], "data-behind": row.slice(heads.length).join(" "), "data-verdict": own[heads.indexOf("verdict")] });
    own.forEach((cell, k) => made.append(element("td", cell, titles[k].classList.contains("number") ? { class: "number" } : {})));
    intervalBar(made.cells[heads.indexOf("95 % interval")], row, shown.map((k) => place.rows[k]), heads);
    made.classList.toggle("chosen", selected.has(row[0]));
    return made;
  }));
}

function setUpRecommend() {
  const table = document.getElementById("table-recommend"), titles = [...table.tHead.rows[0].cells];
  let place = choose(data.choices.first);
  const content = (cell) => ({
    title: `${cell.parentNode.cells[0].textContent}: ${titleOf(titles[cell.cellIndex])}`,
    value: cell.textContent, meaning: titles[cell.cellIndex].title, methods: [cell.parentNode.dataset.methods], trace: titles[cell.cellIndex].dataset.trace,
    row: titles.map((head, i) => [titleOf(head), head.title, cell.parentNode.cells[i].textContent]),
    groups: cell.parentNode.dataset.behind.split(" ").filter(Boolean), first: (table.tBodies[0].querySelector("[data-verdict=first]")?.dataset.behind || "").split(" ").filter(Boolean),
  });
  const settle = roveCells(table, (cell) => `${content(cell).title}: ${cell.textContent}`, (cell) => openDrawer(content(cell)));
  const show = () => { answered(place); settle(); };
  for (const name of CHOSEN) {
    inputOf(name).addEventListener("change", () => {
      place = choose({ ...place, [name]: JSON.parse(inputOf(name).value) });
      show();
    });
  }
  for (const [name, event] of [["steps", "change"], ["most", "input"], ["every", "change"]]) inputOf(name).addEventListener(event, show);
  show();
  return show;
}
