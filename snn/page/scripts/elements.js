// Elements of the page, and files that are saved from it.

const data = JSON.parse(await textOf(document.getElementById("data")));

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

// A native select; `options` are pairs of words and value.
function chooser(label, options, change) {
  const made = element("select", "", { "aria-label": label });
  for (const [words, value] of options) made.append(element("option", words, { value }));
  made.addEventListener("change", () => change(made.value));
  return made;
}

// A table that scrolls sideways within its own box.
function scrolling(table, label) {
  const box = element("div", "", { class: "wide", tabindex: 0, role: "region", "aria-label": label });
  box.append(table);
  return box;
}

// The title of a column of a table, without its unit.
const titleOf = (head) => head.querySelector(".title").textContent;

function save(name, type, content) {
  const link = element("a", "", { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const quoted = (cell) => (/[",\n]/.test(cell ?? "") ? `"${String(cell).replaceAll('"', '""')}"` : cell ?? "");
const csv = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
