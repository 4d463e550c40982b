// Draws a turn on the graph that answered it: what it visited, and how long that took.

import { get } from "./api.js";
import { drawn } from "./charts.js";
import { bar, duration, h, nodeHeading, s } from "./dom.js";
import { BOX, innerLine } from "./graph_inside.js";
import { layOut } from "./graph_layout.js";
import { stepsInside } from "./graph_steps.js";

let shape = null;

/** The graph's shape; asked once, and again where a turn visited something that it lacks. */
export async function graphShape(visited = {}) {
  const known = shape && new Set(shape.nodes.flatMap((node) => [node.id, node.group]));
  if (!shape || Object.keys(visited).some((id) => !known.has(id))) {
    shape = await get("/dashboard/api/graph");
  }
  return shape;
}

const HEATS = 4;

/** Nodes of the turn without the domains around them, whose time holds that of what is inside. */
export function leaves(times) {
  const ids = Object.keys(times);
  return ids.filter((id) => !ids.some((other) => other.startsWith(`${id}/`)));
}

/** Keeps the drawing of a turn in a place; call the result with a turn's times, or without. */
export function graphDrawing(place) {
  let now = null;
  const again = drawn(place, (width) => (now ? draw(now.shape, now.times, now.ok, width) : h("p")));
  return async (times, ok = true) => {
    now = { shape: await graphShape(times), times, ok };
    again();
  };
}

function draw(found, times, ok, room) {
  const visited = new Set(Object.keys(times));
  if (visited.size) visited.add("__start__");
  if (visited.size && ok) visited.add("__end__");
  const plan = layOut(found, visited, room);
  const total = leaves(times).reduce((sum, id) => sum + times[id], 0) || 1;
  const went = leaves(times).map((id) => `${id} ${duration(times[id])}`);
  const svg = s("svg", {
    class: "graph",
    viewBox: `0 0 ${plan.width} ${plan.height}`,
    width: Math.min(plan.width, room),
    role: "img",
    "aria-label": went.length
      ? `The turn visited ${went.join(", ")}. The table below lists the steps.`
      : "The nodes of the graph; no turn is chosen.",
  });
  const lines = plan.edges.map((edge) => [edge, isTaken(edge, visited)]);
  lines.sort(([, one], [, other]) => one - other);
  for (const [edge, taken] of lines) svg.append(line(plan, edge, taken));
  for (const item of plan.items) {
    svg.append(drawItem(item, found, times, visited, total, plan.across));
  }
  return svg;
}

function isTaken({ source, target }, visited) {
  if (!visited.has(source) || !visited.has(target)) return false;
  if (source !== "gate") return true;
  // Past a split, its parts are asked from there; and small talk alone needs no domain.
  if (visited.has("decompose")) return target === "decompose";
  return target !== "merge" || ![...visited].some((id) => id.includes("/"));
}

function line(plan, { source, target, conditional }, taken) {
  const [from, to] = [plan.at.get(source), plan.at.get(target)];
  const kind = `edge${taken ? " taken" : ""}${conditional ? " maybe" : ""}`;
  if (!plan.across) {
    const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
    const [x2, y2] = [to.x + to.width / 2, to.y];
    const bend = Math.max(12, (y2 - y1) / 2);
    return s("path", { class: kind, d: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}` });
  }
  if (to.depth - from.depth > 2) return s("path", { class: kind, d: around(plan, from, to) });
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = (x2 - x1) / 2;
  return s("path", { class: kind, d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

/** A way past everything that stands between two nodes, over it or under it. */
function around(plan, from, to) {
  const over = from.y + from.height / 2 <= plan.height / 2 + 1;
  const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
  const y1 = over ? from.y : from.y + from.height;
  const y2 = over ? to.y : to.y + to.height;
  const y = over ? 8 : plan.height - 8;
  const turn = over ? -10 : 10;
  return (
    `M${x1} ${y1}V${y - turn}Q${x1} ${y} ${x1 + 10} ${y}` +
    `H${x2 - 10}Q${x2} ${y} ${x2} ${y - turn}V${y2}`
  );
}

function drawItem(item, found, times, visited, total, across) {
  const group = s("g", { transform: `translate(${item.x} ${item.y})` });
  if (item.dot) {
    const r = item.width / 2;
    group.append(
      s("circle", { class: visited.has(item.id) ? "dot taken" : "dot", cx: r, cy: r, r: r - 4 }),
      s("title", {}, item.id === "__start__" ? "start" : "end"),
    );
    return group;
  }
  if (!item.group || !item.open) {
    group.append(box(item, times[item.id], visited.has(item.id), total, item.width));
    return group;
  }
  const kind = visited.has(item.id) ? "domain taken" : "domain";
  const name = item.id in times ? `${item.label}, ${duration(times[item.id])}` : item.label;
  group.append(
    s("rect", { class: kind, width: item.width, height: item.height, rx: 8 }),
    s("text", { class: "node-name", x: 10, y: 16 }, name),
  );
  const inside = found.edges.filter((e) => item.inner.has(e.source) && item.inner.has(e.target));
  const lines = inside.map((edge) => innerLine(edge, item, inside, visited, across));
  // What the turn went lies on top.
  const taken = (drawn) => drawn.classList.contains("taken");
  lines.sort((one, other) => taken(one) - taken(other));
  group.append(...lines);
  for (const node of item.nodes) {
    const { x, y } = item.inner.get(node.id);
    const inner = s("g", { transform: `translate(${x} ${y})` });
    inner.append(box(node, times[node.id], visited.has(node.id), total, BOX.width));
    group.append(inner);
  }
  return group;
}

function box(node, ms, taken, total, width) {
  const heat = ms === undefined ? 0 : Math.min(HEATS, Math.ceil((ms / total) * HEATS));
  const group = s("g", {});
  group.append(
    s("rect", {
      class: `node${taken ? ` taken heat-${heat}` : ""}`,
      width,
      height: BOX.height,
      rx: 6,
    }),
  );
  const name = s("text", { class: taken ? "node-name middle taken" : "node-name middle", x: width / 2 }, short(node.label, width));
  name.setAttribute("y", ms === undefined ? 23 : 16);
  group.append(name, s("title", {}, node.label));
  if (ms !== undefined) {
    group.append(s("text", { class: "node-time middle", x: width / 2, y: 31 }, duration(ms)));
  }
  return group;
}

const short = (label, width) => {
  const most = Math.floor(width / 7.2);
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
};

/** Rows of a turn's nodes in the order of the graph, each with its share of the turn. */
export function stepRows(found, times) {
  const order = new Map(found.nodes.map((node, index) => [node.id, index]));
  for (const group of new Set(found.nodes.map((node) => node.group).filter(Boolean))) {
    const ids = found.nodes.filter((node) => node.group === group).map((node) => node.id);
    const first = Math.min(...ids.map((id) => order.get(id)));
    for (const [id, step] of stepsInside(ids, found.edges)) order.set(id, first + step / 1000);
    order.set(group, first - 0.5);
  }
  const total = leaves(times).reduce((sum, id) => sum + times[id], 0) || 1;
  // Merge ends a turn, wherever the graph lists it.
  const place = (id) => (id === "merge" ? Infinity : order.get(id) ?? Infinity);
  return Object.entries(times)
    .sort(([one], [other]) => place(one) - place(other))
    .map(([id, ms]) =>
      h(
        "tr",
        {},
        nodeHeading(id),
        bar(ms / total),
        h("td", { class: "number" }, duration(ms)),
      ),
    );
}
