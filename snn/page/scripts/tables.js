// Tables that sort, filter and group, and open a drawer behind every cell.

const FEW_ROWS = 8; // a table of so many is seen at once, and needs no search, filter or group
const valueOf = (cell) => cell.dataset.order ?? cell.textContent;
const plain = (cell) => new DOMParser().parseFromString(cell.display ?? cell, "text/html").body.textContent;

function enhance(node) {
  const heads = [...node.tHead.rows[0].cells];
  const hidden = heads.flatMap((head, i) => (head.dataset.more === undefined ? [] : [i]));
  const kinds = kindsOf(node, heads);
  const table = new DataTable(node, {
    paging: false, info: false, order: [], autoWidth: false, rowGroup: { enable: false, startRender: (_, name) => name || "(none)" },
    columnDefs: [{ targets: hidden, visible: false }], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    language: { zeroRecords: "no row fits", emptyTable: "no rows" },
  });
  table.search.fixed("methods", (_, __, row) => isShown(table.row(row).node().dataset.methods.split(" ").filter(Boolean)));
  tables.push(table);
  const tools = toolsOf(table, node, heads, kinds);
  if (hidden.length) tools.lastChild.before(allColumns(table, hidden));
  node.closest(".wide").before(tools);
  if (tools.children.length === 1) tools.classList.add("alone");
  const settle = roveCells(node, (cell) => nameOf(table, heads, cell), (cell) => openDrawer(contentOf(table, heads, cell)));
  table.on("draw column-visibility", settle);
}

// What a screen reader tells of a cell: its row, its column, its value with interval and unit.
function nameOf(table, heads, cell) {
  const { row, column } = table.cell(cell).index();
  const first = table.row(row).node().cells[0].textContent;
  return `${first}, ${titleOf(heads[column])}: ${withInterval(table, heads, row, column, cell)}`;
}

function contentOf(table, heads, cell) {
  const { row, column } = table.cell(cell).index(), node = table.row(row).node(), head = heads[column];
  const methods = node.dataset.methods.split(" ").filter(Boolean);
  return {
    title: `${methods.join(" and ") || "Row"}: ${titleOf(head)}`,
    value: withInterval(table, heads, row, column, cell),
    meaning: head.title, methods, trace: head.dataset.trace, named: node.dataset.named,
    steps: (name) => Number(valueOf(table.cell(row, heads.findIndex((each) => each.dataset.name === name)).node())),
    row: heads.map((each, i) => [titleOf(each), each.title, valueOf(table.cell(row, i).node())]),
    groups: node.dataset.behind.split(" ").filter(Boolean),
  };
}

// A value with its unit, and with half of its interval where the table has it.
function withInterval(table, heads, row, column, cell) {
  const name = heads[column].dataset.name, half = heads.findIndex((head) => head.dataset.name === `${name.replace(/_mean$/, "")}_ci95`);
  const unit = heads[column].querySelector("small")?.textContent ?? "";
  const interval = half >= 0 && half !== column ? table.cell(row, half).node().textContent : "";
  if (/[a-z]$/i.test(cell.textContent)) return cell.textContent; // in a unit of its own, or a word
  return cell.textContent ? `${cell.textContent}${interval && ` ± ${interval}`} ${unit}`.trim() : "(empty)";
}

function toolsOf(table, node, heads, kinds) {
  const label = node.caption.textContent;
  const tools = element("div", "", { class: "tools", role: "group", "aria-label": `Tools of the table ${label}` });
  const many = node.tBodies[0].rows.length > FEW_ROWS;
  const words = element("input", "", { type: "search", placeholder: "Search", "aria-label": `Search in ${label}` });
  words.addEventListener("input", () => table.search(words.value).draw());
  const file = `${data.experiment}-${node.id.slice(6)}.csv`;
  if (many) tools.append(words, ...filters(table, heads, kinds));
  if (many && kinds.some((found) => found.length)) tools.append(grouping(table, heads, kinds));
  tools.append(button("CSV", () => save(file, "text/csv", csv(rowsOf(table, heads))), { "aria-label": `Save the table ${label} as CSV` }));
  return tools;
}

function allColumns(table, hidden) {
  const more = button("All columns", () => {
    const all = more.getAttribute("aria-pressed") !== "true";
    table.columns(hidden).visible(all);
    more.setAttribute("aria-pressed", all);
  }, { "aria-pressed": false });
  return more;
}

// The values of each column that is shown at first and has a few different words; of others none.
function kindsOf(node, heads) {
  const rows = [...node.tBodies[0].rows];
  return heads.map((head, i) => {
    const numbers = head.classList.contains("number") && !/level|steps/.test(head.dataset.name);
    if (numbers || head.dataset.more !== undefined) return [];
    const found = [...new Set(rows.map((row) => row.cells[i].textContent))];
    const few = found.length > 1 && found.length <= 16 && found.length < rows.length;
    return few && found.every((words) => words.length <= 40) ? found : [];
  });
}

function filters(table, heads, kinds) {
  const found = heads.flatMap((head, i) => (kinds[i].length && !["method", "convention"].includes(head.dataset.name) ? [i] : []));
  return found.slice(0, 5).map((i) => {
    const values = kinds[i], name = titleOf(heads[i]);
    return chooser(`Show only one ${name}`, [[`${name}: all`, ""], ...values.map((value, k) => [value || "(none)", String(k + 1)])], (chosen) => {
      if (chosen) table.column(i).search.fixed("kind", (_, __, row) => table.cell(row, i).node().textContent === values[chosen - 1]);
      else table.column(i).search.fixed("kind", null);
      table.draw();
    });
  });
}

function grouping(table, heads, kinds) {
  const found = heads.flatMap((_, i) => (kinds[i].length ? [i] : []));
  const options = [["not grouped", ""], ...found.map((i) => [`by ${titleOf(heads[i])}`, String(i)])];
  return chooser("Group rows", options, (chosen) => {
    if (chosen === "") table.rowGroup().disable().draw();
    else table.order([[Number(chosen), "asc"]]).rowGroup().dataSrc((row) => plain(row[chosen])).rowGroup().enable().draw();
  });
}

// The rows that are shown, with all columns and all digits.
function rowsOf(table, heads) {
  const same = JSON.parse(table.table().node().dataset.same);
  const shown = table.rows({ search: "applied", order: "applied" }).indexes().toArray();
  const cells = (row) => heads.map((_, i) => valueOf(table.cell(row, i).node()));
  return [[...heads.map((head) => head.dataset.name), ...Object.keys(same)], ...shown.map((row) => [...cells(row), ...Object.values(same)])];
}
