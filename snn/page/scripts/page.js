// The page is put together: figures, tables, the answer for a chip, and the switch of energy conventions.

const showRecommended = setUpRecommend();

// Energy conventions: the switch changes plots, the ranked table, the table of energy and the answer for a chip.
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
  drawAll();
  showRecommended();
}

// Pages of the documentation that the answer names, where this page lies beside them in a checkout.
if (/\/results\/report\/[^/]*$/.test(location.pathname)) {
  for (const code of document.querySelectorAll("dl.answer code")) {
    if (!/^docs\/[\w/-]+\.md$/.test(code.textContent)) continue;
    const toPage = element("a", "", { href: `../../${code.textContent}` });
    code.replaceWith(toPage);
    toPage.append(code);
  }
}

// Rows of a large table, which take seconds to lay out, are there once they come near.
async function unpackRows(node, packed) {
  node.tBodies[0].innerHTML = await textOf(packed);
  packed.nextElementSibling.hidden = true;
  enhance(node);
  tables.at(-1).draw();
}

const conventions = [document.getElementById("convention"), document.getElementById("recommend-energy")];
for (const one of conventions) {
  one.addEventListener("change", () => {
    convention = one.value;
    for (const each of conventions) each.value = convention;
    price();
  });
}
for (const node of document.querySelectorAll("table.data")) {
  const packed = document.querySelector(`[data-rows="${node.id}"]`);
  if (packed) whenNear(node, () => unpackRows(node, packed));
  else enhance(node);
}
document.querySelectorAll("figure.plot").forEach(setUp);
const bar = document.getElementById("methods");
bar.append(...Object.keys(data.methods).map(methodButton));
roveButtons(bar);
document.getElementById("clear").addEventListener("click", () => { selected.clear(); link(); });
addEventListener("beforeprint", () => drawAll(680));
addEventListener("afterprint", () => drawAll());
price();
document.documentElement.dataset.ready = "yes";
