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

// The answer within a bound on energy: the best mean of the rows that are left, or the lowest energy if none is.
function withinBound(place, most, need) {
  const named = (row) => (row[1] === "-" ? row[0] : `${row[0]} (${row[1]})`), left = place.rows.filter((row) => need(row) <= most);
  if (left.length) return `Within ${most} nJ, ${named(left[0])} has the best mean.`;
  const lowest = place.rows.reduce((one, other) => (need(other) < need(one) ? other : one));
  return `No rule needs so little; the lowest is ${need(lowest)} nJ, ${named(lowest)}.`;
}

function answered(place) {
  const at = data.conventions.indexOf(convention), { heads, words } = data.choices, energy = heads.indexOf("energy nJ");
  const wanted = Number(inputOf("most").value), most = wanted > 0 ? wanted : Infinity;
  const need = (row) => Number(row[energy][at].replaceAll(",", "")), bounded = place.rows.some((row) => need(row) > most);
  document.getElementById("recommend-answer").textContent = bounded ? withinBound(place, most, need) : `${words[place.answer[at]]}.`;
  document.getElementById("recommend-above").hidden = !bounded;
  document.getElementById("recommend-command").textContent =
    ["python -m snn recommend", ...place.command, "--energy", convention, ...(most < Infinity ? ["--max-energy", most] : []), "--experiment", data.experiment].join(" ");
  document.getElementById("recommend-extrapolated").hidden = !place.rows.some((row) => row[heads.indexOf("trained at T")].endsWith("*"));
  const body = document.querySelector("#table-recommend tbody"), titles = document.querySelectorAll("#table-recommend thead th");
  body.replaceChildren(...place.rows.map((row) => {
    const made = element("tr", "", { "data-methods": row[0], "data-behind": row.slice(heads.length).join(" "), "data-verdict": row[heads.indexOf("verdict")] });
    heads.forEach((_, i) => made.append(element("td", i === energy ? row[i][at] : row[i], titles[i].classList.contains("number") ? { class: "number" } : {})));
    intervalBar(made.cells[heads.indexOf("95 % interval")], row, place.rows, heads);
    made.classList.toggle("chosen", selected.has(row[0]));
    made.classList.toggle("above", need(row) > most);
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
    groups: cell.parentNode.dataset.behind.split(" ").filter(Boolean), first: table.tBodies[0].rows[0].dataset.behind.split(" ").filter(Boolean),
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
