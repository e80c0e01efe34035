// The page: tables that sort, filter and group; plots that are linked with them; a drawer behind every cell.

const data = JSON.parse(document.getElementById("data").textContent);
const selected = new Set();
const tables = [];
let convention = data.convention;

function element(tag, words = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function button(words, action, attributes = {}) {
  const made = element("button", words, { type: "button", ...attributes });
  made.addEventListener("click", action);
  return made;
}

function save(name, type, content) {
  const link = element("a", "", { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const csv = (rows) => rows.map((row) => row.map((cell) => (/[",\n]/.test(cell ?? "") ? `"${String(cell).replaceAll('"', '""')}"` : cell ?? "")).join(",")).join("\n") + "\n";

// Selection of methods: nothing selected shows all.

function select(method) {
  if (!selected.delete(method)) selected.add(method);
  link();
}

function dim(place) {
  const shown = (names) => !selected.size || names.split(" ").some((name) => selected.has(name));
  for (const marked of place.querySelectorAll("svg [data-method]")) marked.classList.toggle("dim", !shown(marked.dataset.method));
}

function link() {
  dim(document);
  for (const one of document.querySelectorAll("button.method")) one.setAttribute("aria-pressed", selected.has(one.dataset.method));
  document.getElementById("clear").disabled = !selected.size;
  for (const table of tables) table.draw();
}

// Tables.

function enhance(node) {
  const heads = [...node.tHead.rows[0].cells];
  const hidden = heads.flatMap((head, i) => (head.dataset.more === undefined ? [] : [i]));
  const kinds = kindsOf(node, heads);
  const table = new DataTable(node, {
    paging: false, info: false, order: [], autoWidth: false, rowGroup: { enable: false, startRender: (_, name) => name || "(none)" },
    columnDefs: [{ targets: hidden, visible: false }], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    language: { zeroRecords: "no row fits", emptyTable: "no rows" },
  });
  table.search.fixed("methods", (_, __, row) => {
    const methods = table.row(row).node().dataset.methods;
    return !selected.size || !methods || methods.split(" ").some((name) => selected.has(name));
  });
  tables.push(table);
  const label = node.caption.textContent;
  const tools = element("div", "", { class: "tools", role: "group", "aria-label": `Tools of the table ${label}` });
  const words = element("input", "", { type: "search", placeholder: "Search", "aria-label": `Search in ${label}` });
  words.addEventListener("input", () => table.search(words.value).draw());
  tools.append(words, ...filters(table, heads, kinds), grouping(table, heads, kinds));
  if (hidden.length) {
    const more = button("All columns", () => {
      const all = more.getAttribute("aria-pressed") !== "true";
      table.columns(hidden).visible(all);
      more.setAttribute("aria-pressed", all);
    }, { "aria-pressed": false });
    tools.append(more);
  }
  tools.append(button("CSV", () => save(`${data.experiment}-${node.id.slice(6)}.csv`, "text/csv", csv(rowsOf(table, heads)))));
  node.closest(".wide").before(tools);
  node.addEventListener("click", (event) => {
    const cell = event.target.closest("tbody td");
    if (cell && cell.parentNode.dataset.behind !== undefined && !getSelection().toString()) openDrawer(table, heads, cell);
  });
}

const valueOf = (cell) => cell.dataset.order ?? cell.textContent;

// The values of each column that is shown at first and has a few different words; of others none.
function kindsOf(node, heads) {
  const rows = [...node.tBodies[0].rows];
  return heads.map((head, i) => {
    const numbers = head.classList.contains("number") && !/level|steps/.test(head.dataset.name);
    if (numbers || head.dataset.more !== undefined) return [];
    const found = [...new Set(rows.map((row) => row.cells[i].textContent))];
    const few = found.length > 1 && found.length <= 12 && found.length < rows.length;
    return few && found.every((words) => words.length <= 40) ? found : [];
  });
}

function chooser(label, options, change) {
  const made = element("select", "", { "aria-label": label });
  for (const [words, value] of options) made.append(element("option", words, { value }));
  made.addEventListener("change", () => change(made.value));
  return made;
}

function filters(table, heads, kinds) {
  const found = heads.flatMap((head, i) => (kinds[i].length && !["method", "convention"].includes(head.dataset.name) ? [i] : []));
  return found.slice(0, 5).map((i) => {
    const values = kinds[i], name = heads[i].dataset.name.replaceAll("_", " ");
    return chooser(`Show only one ${name}`, [[`${name}: all`, ""], ...values.map((value, k) => [value || "(none)", String(k + 1)])], (chosen) => {
      if (chosen) table.column(i).search.fixed("kind", (_, __, row) => table.cell(row, i).node().textContent === values[chosen - 1]);
      else table.column(i).search.fixed("kind", null);
      table.draw();
    });
  });
}

function grouping(table, heads, kinds) {
  const found = heads.flatMap((_, i) => (kinds[i].length ? [i] : []));
  const options = [["not grouped", ""], ...found.map((i) => [`by ${heads[i].dataset.name.replaceAll("_", " ")}`, String(i)])];
  return chooser("Group rows", options, (chosen) => {
    if (chosen === "") table.rowGroup().disable().draw();
    else table.order([[Number(chosen), "asc"]]).rowGroup().dataSrc((row) => plain(row[chosen])).rowGroup().enable().draw();
  });
}

const plain = (cell) => new DOMParser().parseFromString(cell.display ?? cell, "text/html").body.textContent;

// The rows that are shown, with all columns and all digits.
function rowsOf(table, heads) {
  const same = JSON.parse(table.table().node().dataset.same);
  const shown = table.rows({ search: "applied", order: "applied" }).indexes().toArray();
  const cells = (row) => heads.map((_, i) => valueOf(table.cell(row, i).node()));
  return [[...heads.map((head) => head.dataset.name), ...Object.keys(same)], ...shown.map((row) => [...cells(row), ...Object.values(same)])];
}

// The drawer of a cell.

function openDrawer(table, heads, cell) {
  const { row, column } = table.cell(cell).index();
  const node = table.row(row).node(), head = heads[column];
  const methods = node.dataset.methods.split(" ").filter(Boolean);
  document.getElementById("drawer-title").textContent = `${methods.join(" and ") || "Row"}: ${head.dataset.name.replaceAll("_", " ")}`;
  const body = document.getElementById("drawer-body");
  body.replaceChildren(element("p", withInterval(table, heads, row, column, cell), { class: "value" }), element("p", head.title));
  const flags = methods.flatMap((method) => (data.flags[method] ? [`${method}: ${data.flags[method]}`] : []));
  if (flags.length) body.append(element("p", `Flags: ${flags.join("; ")}.`, { class: "flags" }));
  if (methods.length) {
    const one = methods.length === 1 ? methods[0] : "one of them";
    const choose = element("p");
    for (const method of methods) choose.append(button(`${selected.has(method) ? "Deselect" : "Select"} ${method} in all tables and plots`, () => { select(method); drawer.close(); }), " ");
    body.append(choose);
    body.setAttribute("aria-label", `Runs of ${one}`);
  }
  const whole = element("details");
  const list = element("dl");
  heads.forEach((each, i) => list.append(element("dt", each.dataset.name.replaceAll("_", " "), { title: each.title }), element("dd", valueOf(table.cell(row, i).node()) || "–")));
  whole.append(element("summary", "The whole row, with all digits"), list);
  body.append(whole);
  for (const index of node.dataset.behind.split(" ").filter(Boolean)) body.append(...behind(data.groups[index]));
  drawer.showModal();
  drawer.scrollTop = 0;
}

// A value with its unit, and with half of its interval where the table has it.
function withInterval(table, heads, row, column, cell) {
  const name = heads[column].dataset.name, half = heads.findIndex((head) => head.dataset.name === `${name.replace(/_mean$/, "")}_ci95`);
  const unit = heads[column].querySelector("small")?.textContent ?? "";
  const interval = half >= 0 ? table.cell(row, half).node().textContent : "";
  return cell.textContent ? `${cell.textContent}${interval && ` ± ${interval}`} ${unit}` : "(empty)";
}

// The runs of a method under a condition: values of seeds, digests, what made them, and how to make them again.
function behind(group) {
  const chips = group.chips ? `, means over ${group.chips} chip${group.chips > 1 ? "s" : ""}` : "";
  const title = element("h3", `${group.method}, ${group.on}, T = ${group.steps}: ${group.seeds.length} seeds${chips}`);
  const list = element("table", "", { class: "runs" });
  const top = list.createTHead().insertRow();
  for (const words of ["seed", `test ${data.unit}`, `validation ${data.unit}`, "run (digest)", "commit", "training s"]) top.append(element("th", words, { scope: "col" }));
  const rows = list.createTBody();
  for (const [seed, digest, test, validation] of group.seeds) {
    const run = data.runs[digest], row = rows.insertRow();
    const made = run ? [data.values[run.commit].slice(0, 7) + (run.dirty ? " and changes" : ""), run.seconds.toFixed(1)] : ["not in costs.csv", ""];
    for (const words of [seed, number(test), number(validation)]) row.insertCell().textContent = words;
    row.insertCell().append(element("code", digest));
    for (const words of made) row.insertCell().textContent = words;
  }
  const scroll = element("div", "", { class: "wide", tabindex: 0, role: "region", "aria-label": title.textContent });
  scroll.append(list);
  const run = data.runs[group.seeds[0][1]];
  return run ? [title, scroll, provenance(run, group)] : [title, scroll];
}

function provenance(run, group) {
  const made = element("details"), list = element("dl");
  const parameters = data.values[run.parameters];
  const facts = {
    "commit": data.values[run.commit], "machine": data.values[run.machine], "platform": data.values[run.platform],
    "versions": data.values[run.versions], "device": run.device, "folder": run.path,
    "parameters and provenance": `python -m snn show ${group.seeds[0][1]}`,
    "make this run again": `rm -r ${run.path} && .venv/bin/python -m snakemake -c1 --config experiment=${data.experiment} -- ${run.path}/net.safetensors`,
    "make everything again": data.reproduce,
  };
  for (const [name, words] of Object.entries(facts)) {
    const place = element("dd");
    place.append(/folder|again|parameters/.test(name) ? element("code", words) : words);
    list.append(element("dt", name), place);
  }
  made.append(element("summary", `Parameters, versions and commands (seed ${group.seeds[0][0]})`), list);
  const text = parameters ? JSON.stringify(parameters, null, 1) : `Parameters or code have changed since; go to commit ${data.values[run.commit]}.`;
  made.append(element("h4", "parameters"), element("pre", text, { tabindex: 0 }));
  return made;
}

// Plots.

const hint = element("div", "", { id: "hint", role: "status" });

function draw(figure, width = 0) {
  const plot = data.plots.find((one) => one.name === figure.dataset.plot), panels = figure.querySelector(".panels");
  const tell = {
    name: plot.name,
    on(mark, words) {
      mark.addEventListener("pointerenter", (event) => {
        hint.replaceChildren(...words.map((line) => element("div", line)));
        hint.style.cssText = `display: block; left: ${Math.min(event.pageX + 12, document.documentElement.clientWidth - 230)}px; top: ${event.pageY + 14}px`;
      });
      mark.addEventListener("pointerleave", () => { hint.style.display = "none"; });
    },
  };
  panels.replaceChildren(drawPlot(plot, width || Math.max(300, Math.floor(panels.clientWidth)), convention, data.methods, tell));
  dim(figure);
}

function image(figure) {
  const svg = figure.querySelector("svg").cloneNode(true), [, , width, height] = svg.getAttribute("viewBox").split(" ");
  svg.setAttribute("xmlns", SVG);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const light = [...document.styleSheets[0].cssRules].filter((rule) => /^(:root|svg|\.plot)/.test(rule.selectorText || "")).map((rule) => rule.cssText.replaceAll(".plot ", ""));
  svg.prepend(make(svg, "rect", { width: "100%", height: "100%", fill: "#fff" }));
  svg.prepend(make(svg, "style", {}, light.join("\n")));
  return [svg.outerHTML, Number(width), Number(height)];
}

function png(figure, name) {
  const [text, width, height] = image(figure), picture = new Image(), canvas = element("canvas");
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  picture.onload = () => {
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, "image/png", blob));
  };
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

function setUp(figure) {
  const plot = data.plots.find((one) => one.name === figure.dataset.plot), name = `${data.experiment}-${plot.name}`;
  const tools = element("div", "", { class: "tools", role: "group", "aria-label": `Save the plot ${plot.title}` });
  tools.append(button("SVG", () => save(`${name}.svg`, "image/svg+xml", image(figure)[0])), button("PNG", () => png(figure, `${name}.png`)),
    button("CSV", () => save(`${name}.csv`, "text/csv", csv(plotRows(plot, convention)))));
  figure.append(tools);
  figure.addEventListener("click", (event) => {
    const marked = event.target.closest("[data-method]");
    if (marked) select(marked.dataset.method.split(" ")[0]);
  });
  let last = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && Math.floor(contentRect.width) !== last) { last = Math.floor(contentRect.width); draw(figure); }
  }).observe(figure.querySelector(".panels"));
}

// Energy conventions: the switch changes the plot, the ranked table and the rows of the table of energy.
function price() {
  const own = data.energy[convention] || {}, table = tables.find((one) => one.table().node().id === "table-ranked");
  const names = [...table.table().header().querySelectorAll("th")].map((head) => head.dataset.name);
  table.rows().every(function change() {
    const [method] = this.node().dataset.methods.split(" ");
    for (const [i, name] of [[0, "energy_nj"], [1, "energy_of_teacher"]]) {
      const cell = this.node().querySelectorAll("td")[names.indexOf(name)], value = own[method]?.[i];
      if (names.includes(name) && value !== undefined) { cell.dataset.order = value ?? ""; cell.textContent = number(value); }
    }
    this.invalidate("dom");
  });
  table.draw();
  const energy = tables.find((one) => one.table().node().id === "table-energy");
  const column = energy ? [...energy.table().header().querySelectorAll("th")].findIndex((head) => head.dataset.name === "convention") : -1;
  if (column >= 0) energy.column(column).search.fixed("convention", (_, __, row) => plain(energy.row(row).data()[column]) === convention).draw();
  document.querySelectorAll("figure.plot:has(.panels svg)").forEach((figure) => draw(figure));
}

const drawer = document.getElementById("drawer");
drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
document.body.append(hint);
document.querySelectorAll("table.data").forEach(enhance);
document.querySelectorAll("figure.plot").forEach(setUp);
for (const one of document.querySelectorAll("button.method")) {
  make(one.querySelector("svg"), "path", { d: MARKS[data.methods[one.dataset.method].marker], class: "mark" });
  one.addEventListener("click", () => select(one.dataset.method));
}
document.getElementById("clear").addEventListener("click", () => { selected.clear(); link(); });
document.getElementById("convention").addEventListener("change", (event) => { convention = event.target.value; price(); });
addEventListener("beforeprint", () => document.querySelectorAll("figure.plot").forEach((figure) => draw(figure, 680)));
addEventListener("afterprint", () => document.querySelectorAll("figure.plot").forEach((figure) => draw(figure)));
price();
document.documentElement.dataset.ready = "yes";
