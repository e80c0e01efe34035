// Marks, numbers, ticks and scales of plots.

const SVG = "http://www.w3.org/2000/svg";
const MARKS = { // of radius 4, around 0
  o: "M4 0A4 4 0 1 1-4 0A4 4 0 1 1 4 0Z", D: "M0-5.2 5.2 0 0 5.2-5.2 0Z", s: "M-4-4H4V4H-4Z", "^": "M0-5 4.6 3.6H-4.6Z",
  v: "M0 5 4.6-3.6H-4.6Z", P: "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
  X: "M0-2.2 2.8-5 5-2.8 2.2 0 5 2.8 2.8 5 0 2.2-2.8 5-5 2.8-2.2 0-5-2.8-2.8-5Z",
  "*": "M0-6 1.5-1.9 5.7-1.9 2.3.8 3.6 5 0 2.4-3.6 5-2.3.8-5.7-1.9-1.5-1.9Z",
  "<": "M-5 0 3.6 4.6V-4.6Z", ">": "M5 0-3.6 4.6V-4.6Z", p: "M0-5 4.8-1.5 2.9 4.1H-2.9L-4.8-1.5Z", h: "M0-5 4.3-2.5V2.5L0 5-4.3 2.5V-2.5Z",
};

function make(parent, tag, attributes = {}, words = null) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (words !== null) element.textContent = words;
  parent.append(element);
  return element;
}

// A number with three digits, or four from 100 on, as snn/page/digits.py writes it; one that has fewer as it is.
function number(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value), digits = size >= 100 ? 4 : 3;
  if (size >= 1000) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return Number(value.toPrecision(digits)) === value ? String(value) : value.toPrecision(digits);
}

// Ticks of an axis: of a linear one in steps of 1, 2 or 5; of a logarithmic one 1, 2, 5 of each power of ten.
function ticksOf(low, high, log, count) {
  const ticks = [];
  if (log) {
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1)
      for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${power}`));
    const within = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    return within.length > count + 2 ? within.filter((tick) => /^1(e|$|0*$)|^0\.0*1$/.test(String(tick))) : within;
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((digit) => digit * power >= rough) || 10);
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

const LEAST_TICKS = 3;

// A scale from values to pixels. `whole`: all values, not only those between `low` and `high` of the axis.
function scaleOf(values, axis, from, to, whole = false) {
  let low = Math.min(...values), high = Math.max(...values);
  if (axis.low !== undefined && !whole) low = Math.max(low, axis.low);
  if (axis.high !== undefined && !whole) high = Math.min(high, axis.high);
  const f = axis.log ? Math.log10 : (value) => value;
  const pad = 0.05 * ((f(high) - f(low)) || Math.abs(f(high)) || 1);
  const [start, end] = [f(low) - pad, f(high) + pad];
  const scale = (value) => from + ((f(value) - start) / (end - start)) * (to - from);
  const back = axis.log ? (value) => 10 ** value : (value) => value;
  const few = Math.max(2, Math.round(Math.abs(to - from) / 60));
  scale.ticks = axis.ticks || ticksOf(back(start), back(end), axis.log, few);
  for (let count = few; !axis.ticks && scale.ticks.length < LEAST_TICKS && count < 12; count += 1) scale.ticks = ticksOf(back(start), back(end), false, count);
  scale.beyond = (value) => (whole || value === null ? 0 : value < low ? -1 : value > high ? 1 : 0);
  return scale;
}
