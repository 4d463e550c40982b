// A domain's own nodes: where they stand in its box, and the lines between them.

import { s } from "./dom.js";
import { mainWay, stepsInside } from "./graph_steps.js";

export const BOX = { width: 96, height: 38 };
const GAP = { inner: 22, lane: 8, pad: 10, head: 22 };
const BACK = 6;

/**
 * Places a domain's nodes in the direction of the graph, and measures the box.
 *
 * The way that every question takes is a straight line; what it may pass through stands beside it.
 */
export function placeInside(item, shape, across) {
  const ids = item.nodes.map((node) => node.id);
  const step = stepsInside(ids, shape.edges);
  const main = mainWay(ids, shape.edges, step);
  const beside = new Map();
  const lane = (id) => {
    if (main.has(id)) return 0;
    const taken = beside.get(step.get(id)) ?? 0;
    beside.set(step.get(id), taken + 1);
    return main.size ? taken + 1 : taken;
  };
  const placed = ids.map((id) => ({ id, step: step.get(id), lane: lane(id) }));
  const length = Math.max(...placed.map((one) => one.step)) + 1;
  const lanes = Math.max(...placed.map((one) => one.lane)) + 1;
  const apart = across ? { x: GAP.inner, y: GAP.lane } : { x: GAP.lane, y: GAP.inner - 8 };
  item.inner = new Map(
    placed.map((one) => {
      const [x, y] = across ? [one.step, one.lane] : [one.lane, one.step];
      return [
        one.id,
        {
          x: GAP.pad + x * (BOX.width + apart.x),
          y: GAP.head + GAP.pad / 2 + y * (BOX.height + apart.y),
          step: one.step,
          lane: one.lane,
        },
      ];
    }),
  );
  const [wide, high] = across ? [length, lanes] : [lanes, length];
  item.width = Math.max(2 * GAP.pad + wide * (BOX.width + apart.x) - apart.x, 200);
  item.height = GAP.head + GAP.pad * 1.5 + high * (BOX.height + apart.y) - apart.y;
}

/** The line of an edge between two nodes of a domain. */
export function innerLine(edge, item, edges, visited, across) {
  const [from, to] = [item.inner.get(edge.source), item.inner.get(edge.target)];
  const kind = `edge${isTaken(edge, edges, visited) ? " taken" : ""}${edge.conditional ? " maybe" : ""}`;
  return s("path", { class: kind, d: across ? pathAcross(from, to) : pathDown(from, to) });
}

/** Whether the turn went this way, and not through a node between the two. */
function isTaken({ source, target }, edges, visited) {
  if (!visited.has(source) || !visited.has(target)) return false;
  const leads = (from, to) => edges.some((edge) => edge.source === from && edge.target === to);
  return ![...visited].some((id) => leads(source, id) && leads(id, target));
}

const middle = ({ x, y }) => [x + BOX.width / 2, y + BOX.height / 2];

function pathAcross(from, to) {
  const [[fx, fy], [tx, ty]] = [middle(from), middle(to)];
  const [x1, x2] = [from.x + BOX.width, to.x];
  if (to.step === from.step) {
    const down = to.y > from.y;
    return `M${fx} ${from.y + (down ? BOX.height : 0)}V${to.y + (down ? 0 : BOX.height)}`;
  }
  if (to.step < from.step) {
    const y = Math.max(from.y, to.y) + BOX.height + BACK;
    return `M${fx} ${from.y + BOX.height}V${y}H${tx}V${to.y + BOX.height}`;
  }
  // Past what stands beside the way, and down to what comes after it.
  if (to.lane > from.lane && to.step > from.step + 1) return `M${x1} ${fy}H${tx - 8}Q${tx} ${fy} ${tx} ${fy + 8}V${to.y}`;
  const bend = (x2 - x1) / 2;
  return `M${x1} ${fy}C${x1 + bend} ${fy} ${x2 - bend} ${ty} ${x2} ${ty}`;
}

function pathDown(from, to) {
  const [[fx, fy], [tx, ty]] = [middle(from), middle(to)];
  if (to.step === from.step) {
    const right = to.x > from.x;
    return `M${from.x + (right ? BOX.width : 0)} ${fy}H${to.x + (right ? 0 : BOX.width)}`;
  }
  if (to.step < from.step) {
    const x = Math.max(from.x, to.x) + BOX.width + BACK;
    return `M${from.x + BOX.width} ${fy}H${x}V${ty}H${to.x + BOX.width}`;
  }
  const y1 = from.y + BOX.height;
  if (to.lane > from.lane && to.step > from.step + 1) return `M${fx} ${y1}V${ty - 8}Q${fx} ${ty} ${fx + 8} ${ty}H${to.x}`;
  return `M${fx} ${y1}L${tx} ${to.y}`;
}
