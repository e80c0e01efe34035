// The keyboard: a group of buttons and the cells of a table are one stop of Tab each; arrows move within them.

function roveButtons(group) {
  const all = () => [...group.querySelectorAll("button")];
  const stop = (one) => all().forEach((each) => { each.tabIndex = each === one ? 0 : -1; });
  stop(all()[0]);
  group.addEventListener("focusin", (event) => stop(event.target.closest("button")));
  group.addEventListener("keydown", (event) => {
    const buttons = all(), at = buttons.indexOf(event.target.closest("button"));
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length).focus();
  });
}

// The rows of a table whose cells open a drawer; group headings and "no row fits" are none.
const rowsWithDrawer = (table) => [...table.tBodies[0].rows].filter((row) => row.dataset.behind !== undefined);

// The cell that a key leads to; undefined for other keys, the same cell at an edge.
function cellAt(table, cell, event) {
  const rows = rowsWithDrawer(table), row = rows.indexOf(cell.parentNode), column = cell.cellIndex, whole = event.ctrlKey || event.metaKey;
  const last = cell.parentNode.cells.length - 1;
  const moves = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    PageUp: [row - 10, column], PageDown: [row + 10, column], Home: [whole ? 0 : row, 0], End: [whole ? rows.length - 1 : row, last],
  };
  if (!(event.key in moves)) return undefined;
  const [to, place] = moves[event.key];
  return rows[Math.max(0, Math.min(rows.length - 1, to))].cells[Math.max(0, Math.min(last, place))];
}

// Arrow keys, Home, End, Page Up and Page Down move; Enter or Space, or a click, opens the drawer of a cell. `name(cell)`
// is what a screen reader tells. Returns what has to be called when rows or columns have changed.
function roveCells(table, name, open) {
  let stop = null;
  function setStop(cell) {
    if (stop) for (const each of ["tabindex", "aria-label", "aria-haspopup"]) stop.removeAttribute(each);
    stop = cell;
    if (!cell) return;
    cell.tabIndex = 0;
    cell.setAttribute("aria-label", name(cell));
    cell.setAttribute("aria-haspopup", "dialog");
  }
  function enter(cell) {
    setStop(cell);
    cell.focus();
  }
  const settle = () => { if (!stop || !table.contains(stop)) setStop(rowsWithDrawer(table)[0]?.cells[0] ?? null); };
  const cellOf = (event) => { const cell = event.target.closest("tbody td"); return cell?.parentNode.dataset.behind === undefined ? null : cell; };
  table.setAttribute("role", "grid");
  table.addEventListener("keydown", (event) => {
    const cell = cellOf(event);
    if (!cell) return;
    const next = cellAt(table, cell, event);
    if (!next && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (next) enter(next);
    else open(cell);
  });
  table.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (!cell || getSelection().toString()) return;
    enter(cell);
    open(cell);
  });
  settle();
  return settle;
}
