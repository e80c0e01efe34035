// The selection of methods, one for the whole page: plots dim the others, tables show the selected ones only.
// Nothing selected shows all.

const selected = new Set();
const tables = []; // of DataTables; a change of the selection draws them again

function select(method) {
  if (!selected.delete(method)) selected.add(method);
  link();
}

const isShown = (methods) => !selected.size || !methods.length || methods.some((name) => selected.has(name));

function dim(place) {
  for (const marked of place.querySelectorAll("svg [data-method]")) marked.classList.toggle("dim", !isShown(marked.dataset.method.split(" ")));
}

function link() {
  dim(document);
  for (const one of document.querySelectorAll("button.method")) one.setAttribute("aria-pressed", selected.has(one.dataset.method));
  for (const row of document.querySelectorAll("#table-recommend tbody tr")) row.classList.toggle("chosen", selected.has(row.dataset.methods));
  document.getElementById("clear").disabled = !selected.size;
  for (const table of tables) table.draw();
}

// A button that selects a method, with its colour and mark: in the bar, and as the legend of every plot.
function methodButton(method) {
  const look = data.methods[method];
  const made = button("", () => select(method), { class: "method", "data-method": method, "aria-pressed": selected.has(method), style: `--colour: var(--c${look.colour})` });
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "-7 -7 14 14");
  picture.setAttribute("aria-hidden", "true");
  make(picture, "path", { d: MARKS[look.marker], class: "mark" });
  made.append(picture, `${method}${look.flagged ? " †" : ""}`);
  return made;
}
