// The drawer of a cell: its value, its row, the runs behind it, and the commands that trace and recreate them.

const drawer = document.getElementById("drawer");
const DERIVED = "Computed from the means below, seed by seed, as docs/statistics.md tells; their commands print these, not the difference, ratio or bound itself. With all digits it is in the CSV of its table.";
drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });

// `of`: title, value, meaning, methods, trace (what the cell is made of, see ingredients.py), named (the column that the
// row is about), row (name, meaning and value of every column), steps (the value of a column that holds steps), groups
// (indices of the runs behind the row), and first (of those behind the first row for a chip).
function openDrawer(of) {
  document.getElementById("drawer-title").textContent = of.title;
  const body = document.getElementById("drawer-body");
  const meaning = of.meaning.replace("the convention of the experiment", convention);
  body.replaceChildren(element("p", of.value, { class: "value" }), element("p", meaning));
  const flags = of.methods.flatMap((method) => (data.flags[method] ? [`${method}: ${data.flags[method]}`] : []));
  if (flags.length) body.append(element("p", `Flags: ${flags.join("; ")}.`, { class: "flags" }));
  const buttons = element("p", "", { class: "tools" });
  for (const method of of.methods) buttons.append(button(`${selected.has(method) ? "Deselect" : "Select"} ${method} everywhere`, () => { drawer.close(); select(method); }));
  const whole = element("details"), list = element("dl");
  for (const [name, meaning, value] of of.row) list.append(element("dt", name, { title: meaning }), element("dd", value || "–"));
  whole.append(element("summary", "The whole row, with all digits"), list);
  body.append(buttons, whole);
  const found = ingredientsOf(of), parts = [...found.values()].flat().length;
  if (parts > 1 || of.title.endsWith(": one chip")) body.append(element("p", DERIVED));
  const shown = found.size ? found : new Map(of.groups.map((index) => [Number(index), []]));
  for (const [index, columns] of shown) body.append(...behind(data.groups[index], columns));
  drawer.showModal();
  drawer.scrollTop = 0;
}

// What a cell is made of: groups of runs, each with the columns of runs.csv that trace shows.
function ingredientsOf(of) {
  const found = new Map();
  const clean = (method) => (method in data.clean ? [data.clean[method]] : []);
  for (const [whose, name, steps] of of.trace.split(";").filter(Boolean).map((words) => words.split(" "))) {
    const column = { named: of.named ?? "", priced: "energy_nj" }[name] ?? name;
    const at = steps && of.methods.map((method) => data.groups.findIndex((one) => one.method === method && one.on === "clean" && one.steps === of.steps(steps)));
    const groups = at || {
      row: () => of.groups, first: () => of.first, best: () => clean(data.best),
      teacher: () => of.methods.flatMap((method) => clean(data.teachers[method])),
    }[whose]?.() || of.groups.filter((index) => data.groups[index].on.split(" ")[0] === whose);
    for (const index of groups.map(Number)) {
      if (column && data.groups[index]?.trace.length) found.set(index, [...new Set([...(found.get(index) || []), column])]);
    }
  }
  return found;
}

// The command that traces a column of runs.csv.
const traced = ([experiment, method, ...place], column) =>
  [".venv/bin/python -m snn trace", experiment, method, column, ...place, ...(column === "energy_nj" && convention !== data.convention ? ["--energy", convention] : [])].join(" ");

function commands(named) {
  const list = element("dl", "", { class: "commands" });
  for (const [name, words] of Object.entries(named)) {
    const place = element("dd");
    place.append(element("code", words));
    list.append(element("dt", name), place);
  }
  return list;
}

// The runs of a method under a condition: values of seeds, digests, what made them, and how to make them again. Of the
// values those of `columns`, which are traced.
function behind(group, columns) {
  const chips = group.chips ? `, means over ${group.chips} chip${group.chips > 1 ? "s" : ""}` : "";
  const title = element("h3", `${group.method}, ${group.on}, T = ${group.steps}: ${group.seeds.length} seed${group.seeds.length > 1 ? "s" : ""}${chips}`);
  const list = element("table", "", { class: "runs" });
  const top = list.createTHead().insertRow(), rows = list.createTBody();
  const values = [["value_test", `test ${data.unit}`], ["value_val", `validation ${data.unit}`], ["energy_nj", "energy nJ"]];
  const here = (name) => columns.includes(name) && (name !== "energy_nj" || convention === data.convention); // others are printed by trace
  const shown = values.flatMap(([name], i) => (here(name) ? [i] : []));
  for (const words of ["seed", ...shown.map((i) => values[i][1]), "run (digest)", "commit", "training s"]) top.append(element("th", words, { scope: "col" }));
  for (const [seed, digest, ...own] of group.seeds) {
    const run = data.runs[digest], row = rows.insertRow();
    const made = run ? [data.values[run.commit].slice(0, 7) + (run.dirty ? " and changes" : ""), run.seconds.toFixed(1)] : ["not in costs.csv", ""];
    const lost = group.diverged.includes(seed) ? " (diverged)" : "";
    for (const words of [`${seed}${lost}`, ...shown.map((i) => number(own[i]))]) row.insertCell().textContent = words;
    row.insertCell().append(element("code", digest));
    for (const words of made) row.insertCell().textContent = words;
  }
  const [, digest] = group.seeds[0], run = data.runs[digest];
  const named = Object.fromEntries(columns.map((column) => [`where ${column} comes from`, traced(group.trace, column)]));
  return [title, scrolling(list, title.textContent), commands(named), ...(run ? [provenance(run, group), ofRun(run, digest, group.seeds[0][0])] : [])];
}

// The commands that need the run itself, which git does not hold.
function ofRun(run, digest, seed) {
  const made = element("details"), folder = element("code", run.path);
  const told = element("p", `A fresh clone has tables, but no runs. The run of seed ${seed} is there after the first command. `);
  told.append("It then lies in ", folder, ".");
  made.append(element("summary", `The run itself (seed ${seed}): compute it, look at it`), told, commands({
    "compute it, and what it depends on": `.venv/bin/python -m snakemake -c1 --config experiment=${data.experiment} -- ${run.path}/net.safetensors`,
    "parameters and provenance": `.venv/bin/python -m snn show ${digest}`,
    "compute it again": `rm -rf ${run.path} && .venv/bin/python -m snakemake -c1 --config experiment=${data.experiment} -- ${run.path}/net.safetensors`,
  }));
  return made;
}

function provenance(run, group) {
  const made = element("details"), list = element("dl");
  const facts = {
    "commit": data.values[run.commit], "machine": data.values[run.machine], "platform": data.values[run.platform],
    "versions": data.values[run.versions], "device": run.device, "folder": run.path, "make everything again": data.reproduce,
  };
  for (const [name, words] of Object.entries(facts)) list.append(element("dt", name), element("dd", words));
  const parameters = data.values[run.parameters];
  const text = parameters ? JSON.stringify(parameters, null, 1) : `Parameters or code have changed since; go to commit ${data.values[run.commit]}.`;
  made.append(element("summary", `Parameters, versions and machine (seed ${group.seeds[0][0]})`), list);
  made.append(element("h4", "parameters"), element("pre", text, { tabindex: 0 }));
  return made;
}
