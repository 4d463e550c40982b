// Places the graph's nodes: a column per step from left to right, or a row per step on a narrow
// page. Domains are boxes that hold their own nodes.

import { BOX, placeInside } from "./graph_inside.js";
import { depths } from "./graph_steps.js";

const GAP = { across: 44, along: 14 };
const DOT = 22;
const NARROW = 860;
const MOST_OPEN = 5;

const byDepth = (ids, depth) => {
  const rows = [];
  for (const id of ids) (rows[depth.get(id)] ??= []).push(id);
  return rows.filter(Boolean);
};

/** What the graph consists of at the top: single nodes, and domains with what is inside. */
function items(shape, visited) {
  const groups = new Map();
  const found = [];
  for (const node of shape.nodes) {
    if (!node.group) {
      found.push({ id: node.id, label: node.label, dot: node.id.startsWith("__"), nodes: [] });
      continue;
    }
    if (!groups.has(node.group)) {
      const item = { id: node.group, label: node.group, nodes: [], group: true };
      groups.set(node.group, item);
      found.push(item);
    }
    groups.get(node.group).nodes.push(node);
  }
  const seen = (item) => item.nodes.some((node) => visited.has(node.id));
  const open = groups.size <= MOST_OPEN;
  for (const item of groups.values()) item.open = open || seen(item);
  if (groups.size <= MOST_OPEN * 2) return { found, of: (id) => owner(shape, id) };
  const rest = [...groups.values()].filter((item) => !seen(item));
  const names = new Set(rest.map((item) => item.id));
  const others = { id: "…", label: `${rest.length} other domains`, nodes: [], group: true };
  const kept = found.filter((item) => !names.has(item.id));
  if (rest.length) kept.push(others);
  return {
    found: kept,
    of: (id) => {
      const own = owner(shape, id);
      return names.has(own) ? others.id : own;
    },
  };
}

const owner = (shape, id) => shape.nodes.find((node) => node.id === id)?.group || id;

function measure(item, shape, across) {
  if (item.dot) [item.width, item.height] = [DOT, DOT];
  else if (item.group && item.open) placeInside(item, shape, across);
  else [item.width, item.height] = [item.group ? 146 : BOX.width, BOX.height];
}

/**
 * Lays the graph out.
 *
 * Gives `{width, height, items, edges, across}`; `across` says that steps go from left to right.
 */
export function layOut(shape, visited, room) {
  const { found, of } = items(shape, visited);
  const across = room >= NARROW;
  if (!across) {
    for (const item of found) {
      item.open = item.group && item.nodes.some((node) => visited.has(node.id));
    }
  }
  for (const item of found) measure(item, shape, across);
  const links = new Map();
  for (const { source, target, conditional } of shape.edges) {
    const [from, to] = [of(source), of(target)];
    if (from !== to) links.set(`${from}→${to}`, { source: from, target: to, conditional });
  }
  const edges = [...links.values()];
  const ids = found.map((item) => item.id);
  const depth = depths(ids, edges);
  const at = new Map(found.map((item) => [item.id, item]));
  const steps = byDepth(ids, depth).map((step) => step.map((id) => at.get(id)));
  for (const item of found) item.depth = depth.get(item.id);
  const size = across ? placeAcross(steps, room) : placeDown(steps, room);
  return { ...size, across, items: found, at, edges };
}

function placeAcross(steps, room) {
  const heights = steps.map((step) => step.reduce((sum, i) => sum + i.height + GAP.along, 0) - GAP.along);
  const height = Math.max(...heights, 120);
  const widths = steps.map((step) => Math.max(...step.map((item) => item.width)));
  const taken = widths.reduce((sum, width) => sum + width, 0);
  const gap = Math.max(20, Math.min(GAP.across, (room - taken - 8) / (steps.length - 1)));
  const margin = 26;
  let x = 4;
  steps.forEach((step, index) => {
    // Steps that lead around the domains stand apart, so that the way to these is free.
    const spread = step.length > 1 ? Math.max(GAP.along, (height - heights[index]) / (step.length + 1)) : GAP.along;
    const whole = step.reduce((sum, item) => sum + item.height + spread, 0) - spread;
    let y = margin + (height - whole) / 2;
    for (const item of step) {
      item.x = x + (widths[index] - item.width) / 2;
      item.y = y;
      y += item.height + spread;
    }
    x += widths[index] + gap;
  });
  return { width: x - gap + 4, height: height + 2 * margin, margin };
}

function placeDown(steps, room) {
  let y = 4;
  for (const step of steps) {
    const lines = [[]];
    for (const item of step) {
      const line = lines.at(-1);
      const used = line.reduce((sum, other) => sum + other.width + GAP.along, 0);
      if (line.length && used + item.width > room) lines.push([item]);
      else line.push(item);
    }
    for (const line of lines) {
      const used = line.reduce((sum, item) => sum + item.width + GAP.along, 0) - GAP.along;
      let x = Math.max(0, (room - used) / 2);
      for (const item of line) {
        item.x = x;
        item.y = y;
        x += item.width + GAP.along;
      }
      y += Math.max(...line.map((item) => item.height)) + 12;
    }
    y += 14;
  }
  return { width: room, height: y - 20, margin: 0 };
}
