// Figures: a plot with buttons as its legend, a hint at every mark, and files that are saved from it.

const hint = element("div", "", { id: "hint", role: "status" });
document.body.append(hint);
let convention = data.convention; // of energy

const plotOf = (figure) => data.plots.find((one) => one.name === figure.dataset.plot);

// What tells about a mark under the pointer.
function onMark(mark, words) {
  mark.addEventListener("pointerenter", (event) => {
    hint.replaceChildren(...words.map((line) => element("div", line)));
    hint.style.cssText = `display: block; left: ${Math.min(event.pageX + 12, document.documentElement.clientWidth - 230)}px; top: ${event.pageY + 14}px`;
  });
  mark.addEventListener("pointerleave", () => { hint.style.display = "none"; });
}

function draw(figure, width = 0) {
  const plot = plotOf(figure), panels = figure.querySelector(".panels");
  const tell = { name: plot.name, legend: false, on: onMark, whole: figure.dataset.whole !== undefined };
  panels.replaceChildren(drawPlot(plot, width || Math.max(300, Math.floor(panels.clientWidth)), convention, data.methods, tell));
  dim(figure);
}

const drawAll = (width = 0) => document.querySelectorAll("figure.plot:has(.panels svg)").forEach((figure) => draw(figure, width));

// The figure as a file, with its legend, as it is selected, in the colours of light paper.
function image(figure) {
  const width = Number(figure.querySelector("svg[role=img]").getAttribute("viewBox").split(" ")[2]);
  const tell = { name: "saved", legend: true, on() {}, whole: figure.dataset.whole !== undefined };
  const svg = drawPlot(plotOf(figure), width, convention, data.methods, tell), height = svg.getAttribute("viewBox").split(" ")[3];
  const place = element("div");
  place.append(svg);
  dim(place);
  for (const [name, value] of Object.entries({ xmlns: SVG, width, height })) svg.setAttribute(name, value);
  const light = [...document.styleSheets[0].cssRules].filter((rule) => /^(:root|svg)/.test(rule.selectorText || "")).map((rule) => rule.cssText);
  svg.prepend(make(svg, "rect", { width: "100%", height: "100%", fill: "#fff" }));
  svg.prepend(make(svg, "style", {}, light.join("\n")));
  return [svg.outerHTML, width, Number(height)];
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

// Whether an axis of a plot does not hold all values.
const isCut = (plot) => [plot.x || {}, ...(plot.panels || []).map((panel) => panel.y)].some((axis) => axis.low !== undefined);

function wholeAxis(figure) {
  const made = button("All values", () => {
    const whole = figure.toggleAttribute("data-whole");
    made.setAttribute("aria-pressed", whole);
    draw(figure);
  }, { "aria-pressed": false });
  return made;
}

function setUp(figure) {
  const plot = plotOf(figure), name = `${data.experiment}-${plot.name}`;
  const legend = element("div", "", { class: "methods legend", role: "group", "aria-label": `Methods in the plot ${plot.title}` });
  legend.append(...methodsOf(plot, convention, data.methods).map(methodButton));
  figure.querySelector(".panels").before(legend);
  roveButtons(legend);
  const tools = element("div", "", { class: "tools", role: "group", "aria-label": `Save the plot ${plot.title}` });
  tools.append(button("SVG", () => save(`${name}.svg`, "image/svg+xml", image(figure)[0])), button("PNG", () => png(figure, `${name}.png`)),
    button("CSV", () => save(`${name}.csv`, "text/csv", csv(plotRows(plot, convention)))));
  if (isCut(plot)) tools.prepend(wholeAxis(figure));
  figure.prepend(tools);
  figure.querySelector(".panels").addEventListener("click", (event) => {
    const marked = event.target.closest("[data-method]");
    if (marked) select(marked.dataset.method.split(" ")[0]);
  });
  let last = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && Math.floor(contentRect.width) !== last) { last = Math.floor(contentRect.width); draw(figure); }
  }).observe(figure.querySelector(".panels"));
}
