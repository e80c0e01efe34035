// Which rule for my chip: what the command recommend tells, chosen by selects; computed when the page was made.

const CHOSEN = ["noise", "level", "steps", "calibrated"]; // of a place, in the order in which they are chosen
const inputOf = (name) => document.getElementById(`recommend-${name}`);
const WORDS = {
  noise: (value) => value ?? "none: clean networks", level: (value) => (value ? String(value) : "–"),
  steps: String, calibrated: (value) => (value ? "calibrated" : "as manufactured"),
};

// Fills the selects in turn with what the choices before leave, and returns the place that is left. A choice is kept
// where it is still possible; `wanted` tells the first one of each.
function choose(wanted) {
  let left = data.choices.places;
  for (const name of CHOSEN) {
    const values = [...new Set(left.map((place) => place[name]))].sort((a, b) => (typeof a === "number" ? a - b : 0));
    const value = values.includes(wanted[name]) ? wanted[name] : name === "calibrated" ? values.includes(true) : values[0];
    inputOf(name).replaceChildren(...values.map((each) => element("option", WORDS[name](each), { value: JSON.stringify(each), ...(each === value && { selected: "" }) })));
    inputOf(name).disabled = values.length < 2;
    left = left.filter((place) => place[name] === value);
  }
  return left[0];
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

const named = (row) => (row[1] === "-" ? row[0] : `${row[0]} (${row[1].replace(" ", ", ")} targets)`);
const needsOf = (place) => place.needs[data.conventions.indexOf(convention)];
const atLeast = (nj) => Math.ceil(100 * nj) / 100; // so that it is within a bound of so much

// The rows of a place within a bound on energy, by index, with difference and verdict against the first of them.
function rankedWithin(place, most) {
  const left = needsOf(place).flatMap((need, i) => (need <= most ? [i] : []));
  return new Map(left.map((i) => [i, place.beside[left[0]][i - left[0]]]));
}

// The answer within a bound, in the words of the command recommend; the lowest energy if no row is within it.
function answerWithin(place, most) {
  const left = rankedWithin(place, most), [first, ...others] = left.keys(), { rows } = place, needs = needsOf(place);
  if (first === undefined) {
    const lowest = Math.min(...needs);
    return `No row is within ${most} nJ; the lowest energy is ${atLeast(lowest)} nJ, ${named(rows[needs.indexOf(lowest)])}.`;
  }
  const best = `Within ${most} nJ, ${named(rows[first])} is`, unclear = others.filter((i) => left.get(i)[1] === "not resolved");
  if (place.seeds[first] < 2) return `${best} first, but one seed decides nothing.`;
  if (!unclear.length) return others.length ? `${best} better than every other row.` : `${best} the only row.`;
  const least = unclear.reduce((one, other) => (needs[other] < needs[one] ? other : one), first);
  const cheapest = `of it and ${unclear.length === 1 ? "that" : "those"}, ${least === first ? "it" : named(rows[least])} needs the least energy`;
  return `${best} first; against ${unclear.length} of ${others.length} others this is not resolved; ${cheapest}.`;
}

// The row with the best mean over all numbers of steps of the chosen chip; empty where there are no several.
function overSteps(place, most) {
  const same = data.choices.places.filter((one) => ["noise", "level", "calibrated"].every((name) => one[name] === place[name]));
  const sign = data.choices.better === "higher is better" ? 1 : -1;
  const rows = same.flatMap((one) => one.rows.map((row, i) => ({ row, need: needsOf(one)[i], steps: one.steps, mean: sign * one.means[i] })));
  const left = rows.filter(({ need }) => need <= most);
  if (same.length < 2 || !left.length) return "";
  const best = left.reduce((one, other) => (other.mean > one.mean || (other.mean === one.mean && other.need < one.need) ? other : one));
  const found = `${best.row[data.choices.heads.indexOf("test")]} ${data.unit} with ${number(best.need)} nJ`;
  const over = `Over T = ${same.map((one) => one.steps).sort((a, b) => a - b).join(", ")}${most < Infinity ? `, at most ${most} nJ` : ""}`;
  return `${over}: ${named(best.row)} at T = ${best.steps} has the ${sign > 0 ? "highest" : "lowest"} mean, ${found}; T are not compared by intervals.`;
}

// The cells of a row as they are shown: with difference and verdict of those within the bound, and none above it.
function cellsWithin(row, own) {
  const at = data.conventions.indexOf(convention), [behind, verdict] = own || ["-", "-"];
  return data.choices.heads.map((head, i) => ({ "energy nJ": row[i][at], behind, verdict })[head] ?? row[i]);
}

function answered(place) {
  const at = data.conventions.indexOf(convention), { heads, words } = data.choices;
  const wanted = Number(inputOf("most").value), most = wanted > 0 ? wanted : Infinity;
  const left = rankedWithin(place, most), bounded = left.size < place.rows.length;
  const where = place.noise ? `${place.noise} ${place.level}, ${place.calibrated ? "calibrated" : "as manufactured"}` : "Clean networks";
  document.getElementById("recommend-where").textContent = `${where}, T = ${place.steps}`;
  document.getElementById("recommend-answer").textContent = bounded ? answerWithin(place, most) : `${words[place.answer[at]]}.`;
  document.getElementById("recommend-above").hidden = !bounded;
  document.getElementById("recommend-over").textContent = overSteps(place, most);
  document.getElementById("recommend-command").textContent =
    [".venv/bin/python -m snn recommend", ...place.command, "--energy", convention, ...(most < Infinity ? ["--max-energy", most] : []), "--experiment", data.experiment].join(" ");
  document.getElementById("recommend-extrapolated").hidden = !place.rows.some((row) => row[heads.indexOf("trained at T")].endsWith("*"));
  const body = document.querySelector("#table-recommend tbody"), titles = document.querySelectorAll("#table-recommend thead th");
  body.replaceChildren(...place.rows.map((row, k) => {
    const shown = cellsWithin(row, left.get(k)), verdict = shown[heads.indexOf("verdict")];
    const made = element("tr", "", { "data-methods": row[0], "data-behind": row.slice(heads.length).join(" "), "data-verdict": verdict });
    shown.forEach((cell, i) => made.append(element("td", cell, titles[i].classList.contains("number") ? { class: "number" } : {})));
    intervalBar(made.cells[heads.indexOf("95 % interval")], row, place.rows, heads);
    made.classList.toggle("chosen", selected.has(row[0]));
    made.classList.toggle("above", !left.has(k));
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
  inputOf("most").addEventListener("input", show);
  show();
  return show;
}
