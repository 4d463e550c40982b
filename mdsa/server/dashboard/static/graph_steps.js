// The order in which a graph's nodes are reached.

/** How many steps each node is away from the first, at most; ways back do not count. */
export function depths(ids, edges) {
  const after = new Map(ids.map((id) => [id, []]));
  for (const { source, target } of edges) after.get(source)?.push(target);
  const depth = new Map();
  const path = new Set();
  const visit = (id, at) => {
    if (path.has(id) || !after.has(id)) return;
    if (depth.has(id) && depth.get(id) >= at) return;
    depth.set(id, at);
    path.add(id);
    for (const next of after.get(id)) visit(next, at + 1);
    path.delete(id);
  };
  const entered = new Set(edges.filter((e) => e.source !== e.target).map((edge) => edge.target));
  const starts = ids.filter((id) => !entered.has(id));
  for (const id of starts.length ? starts : ids.slice(0, 1)) visit(id, 0);
  for (const id of ids) if (!depth.has(id)) depth.set(id, 0);
  return depth;
}

/** The same for the nodes inside a domain, where those that end its work stand last. */
export function stepsInside(ids, edges) {
  const inside = edges.filter((e) => ids.includes(e.source) && ids.includes(e.target));
  const step = depths(ids, inside);
  const going = new Set(inside.map((edge) => edge.source));
  const last = Math.max(-1, ...ids.filter((id) => going.has(id)).map((id) => step.get(id)));
  for (const id of ids) if (!going.has(id)) step.set(id, last + 1);
  return step;
}

/** The nodes on the shortest way from the first step to the last. */
export function mainWay(ids, edges, step) {
  const last = Math.max(...step.values());
  const before = new Map(ids.filter((id) => step.get(id) === 0).map((id) => [id, null]));
  for (const id of before.keys()) {
    if (step.get(id) === last) {
      const way = [];
      for (let at = id; at !== null; at = before.get(at)) way.push(at);
      return new Set(way);
    }
    for (const { source, target } of edges) {
      if (source === id && step.has(target) && !before.has(target)) before.set(target, id);
    }
  }
  return new Set();
}
