// Elements, numbers and times. Text always becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const h = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const number = (value) => Math.round(value).toLocaleString("en");

export const percent = (value, digits = 0) => `${(value * 100).toFixed(digits)} %`;

export function duration(ms) {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour12: false });

export const plural = (count, one, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`;

export function size(bytes) {
  if (bytes >= 1_000_000_000) return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A bar as wide as its share of a cell; the number beside it is what counts. */
export function bar(share, kind = "") {
  const filled = h("span", { class: `fill ${kind}` });
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  if (share <= 0) filled.hidden = true;
  return h("td", { class: "bar", "aria-hidden": "true" }, filled);
}

/** Rows of a table whose bars show each count's share of all of them. */
export function countRows(counts, empty) {
  const entries = Object.entries(counts);
  const most = Math.max(1, ...entries.map(([, count]) => count));
  if (!entries.length) return [h("tr", {}, h("td", { colspan: 3, class: "none" }, empty))];
  return entries
    .sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]))
    .map(([name, count]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        bar(count / most),
        h("td", { class: "number" }, number(count)),
      ),
    );
}

/** A node's name as a row's heading; a domain's nodes stand further in, and break at the slash. */
export function nodeHeading(id) {
  const [domain, inner] = id.split("/");
  if (inner === undefined) return h("th", { scope: "row" }, id);
  return h("th", { scope: "row", class: "inner" }, `${domain}/`, h("wbr"), inner);
}

export const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));

let lastSpoken = "";

/** Says something to those who hear the page, once. */
export function speak(text) {
  if (text === lastSpoken) return;
  lastSpoken = text;
  byId("spoken").textContent = text;
}
