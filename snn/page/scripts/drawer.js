// The drawer of a cell: its value, its row, the runs behind it, and the commands that trace and recreate them.

const drawer = document.getElementById("drawer");
drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });

// `of`: title, value, meaning, methods, column (its name in files), row (name, meaning and value of every column), and
// groups (indices of the runs behind the row).
function openDrawer(of) {
  document.getElementById("drawer-title").textContent = of.title;
  const body = document.getElementById("drawer-body");
  body.replaceChildren(element("p", of.value, { class: "value" }), element("p", of.meaning));
  const flags = of.methods.flatMap((method) => (data.flags[method] ? [`${method}: ${data.flags[method]}`] : []));
  if (flags.length) body.append(element("p", `Flags: ${flags.join("; ")}.`, { class: "flags" }));
  const buttons = element("p", "", { class: "tools" });
  for (const method of of.methods) buttons.append(button(`${selected.has(method) ? "Deselect" : "Select"} ${method} everywhere`, () => { drawer.close(); select(method); }));
  const whole = element("details"), list = element("dl");
  for (const [name, meaning, value] of of.row) list.append(element("dt", name, { title: meaning }), element("dd", value || "–"));
  whole.append(element("summary", "The whole row, with all digits"), list);
  body.append(buttons, whole);
  for (const index of of.groups) body.append(...behind(data.groups[index], of.column));
  if (!of.groups.length) body.append(...of.methods.map((method) => commands({ "where the network comes from": traced([data.experiment, method], of.column) })));
  drawer.showModal();
  drawer.scrollTop = 0;
}

// The command that traces a column of runs.csv; other columns of the page are made from several of them.
function traced([experiment, method, ...place], column) {
  const own = column.replace(/_(mean|sd|ci95)$/, "");
  const named = data.traced.includes(own) ? [own] : [];
  return ["python -m snn trace", experiment, method, ...named, ...place].join(" ");
}

function commands(named) {
  const list = element("dl", "", { class: "commands" });
  for (const [name, words] of Object.entries(named)) {
    const place = element("dd");
    place.append(element("code", words));
    list.append(element("dt", name), place);
  }
  return list;
}

// The runs of a method under a condition: values of seeds, digests, what made them, and how to make them again.
function behind(group, column) {
  const chips = group.chips ? `, means over ${group.chips} chip${group.chips > 1 ? "s" : ""}` : "";
  const title = element("h3", `${group.method}, ${group.on}, T = ${group.steps}: ${group.seeds.length} seed${group.seeds.length > 1 ? "s" : ""}${chips}`);
  const list = element("table", "", { class: "runs" });
  const top = list.createTHead().insertRow(), rows = list.createTBody();
  for (const words of ["seed", `test ${data.unit}`, `validation ${data.unit}`, "run (digest)", "commit", "training s"]) top.append(element("th", words, { scope: "col" }));
  for (const [seed, digest, test, validation] of group.seeds) {
    const run = data.runs[digest], row = rows.insertRow();
    const made = run ? [data.values[run.commit].slice(0, 7) + (run.dirty ? " and changes" : ""), run.seconds.toFixed(1)] : ["not in costs.csv", ""];
    const lost = group.diverged.includes(seed) ? " (diverged)" : "";
    for (const words of [`${seed}${lost}`, number(test), number(validation)]) row.insertCell().textContent = words;
    row.insertCell().append(element("code", digest));
    for (const words of made) row.insertCell().textContent = words;
  }
  const [, digest] = group.seeds[0], run = data.runs[digest];
  const whose = group.trace.length > 2 || group.on === "clean" ? "where these values come from" : "where the network comes from";
  const named = { [whose]: traced(group.trace, column), "parameters and provenance": `python -m snn show ${digest}` };
  if (run) named[`make the run of seed ${group.seeds[0][0]} again`] = `rm -r ${run.path} && python -m snakemake -c1 --config experiment=${data.experiment} -- ${run.path}/net.safetensors`;
  return [title, scrolling(list, title.textContent), commands(named), ...(run ? [provenance(run, group)] : [])];
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
