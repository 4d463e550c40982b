// The two charts that a table alone would not show. Each is drawn at its real width, so that its
// letters keep their size, and each stands beside a table that says the same.

import { clock, duration, h, number, percent, plural, s } from "./dom.js";

/** Draws now and whenever the place changes its width. */
export function drawn(place, draw) {
  let width = 0;
  const again = () => {
    width = place.clientWidth;
    if (width > 0) place.replaceChildren(draw(width));
  };
  new ResizeObserver(() => {
    if (place.clientWidth !== width) again();
  }).observe(place);
  return again;
}

export function outcome(request) {
  if (!request.success) return "bad";
  if (request.interrupted) return "wait";
  return request.degraded ? "warn" : "ok";
}

// A request that stopped is never the one that goes on, so its state stays true after a decision.
export const OUTCOMES = { ok: "answered", warn: "degraded", wait: "stopped for approval", bad: "failed" };

const SHAPES = {
  warn: (x, y) => `M${x} ${y - 5} ${x + 5} ${y + 4}H${x - 5}z`,
  wait: (x, y) => `M${x} ${y - 5} ${x + 5} ${y} ${x} ${y + 5} ${x - 5} ${y}z`,
  bad: (x, y) => `m${x - 4} ${y - 4} 8 8m0-8-8 8`,
};

function mark(kind, x, y) {
  if (kind === "ok") return s("circle", { class: "mark ok", cx: x, cy: y, r: 4 });
  return s("path", { class: `mark ${kind}`, d: SHAPES[kind](x, y) });
}

/** Latency of single requests over time; the newest stand on the right. */
export function latencies(requests, width) {
  const height = 190;
  const [left, right, top, bottom] = [58, 14, 10, 26];
  if (!requests.length) return h("p", { class: "none" }, "Requests appear here as they end.");
  const times = requests.map((request) => request.timestamp);
  const last = Math.max(...times);
  const first = Math.min(Math.min(...times), last - 10);
  const values = requests.map((request) => Math.max(request.latency_ms, 0.1));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
  const x = (time) => left + ((time - first) / (last - first)) * (width - left - right);
  const y = (ms) =>
    height - bottom - ((Math.log10(Math.max(ms, 0.1)) - low) / (high - low)) * (height - top - bottom);
  const slowest = requests.reduce((one, other) => (other.latency_ms > one.latency_ms ? other : one));
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": `Latency of the last ${plural(requests.length, "request")}; the slowest took ${duration(slowest.latency_ms)}. The table below lists them.`,
  });
  for (let power = low; power <= high; power += 1) {
    const at = y(10 ** power);
    svg.append(
      s("line", { class: "rule", x1: left, x2: width - right, y1: at, y2: at }),
      s("text", { class: "tick end", x: left - 8, y: at + 4 }, tick(10 ** power)),
    );
  }
  const marks = Math.max(2, Math.min(6, Math.floor((width - left) / 130)));
  for (let index = 0; index < marks; index += 1) {
    const time = first + ((last - first) * index) / (marks - 1);
    const anchor = index === 0 ? "" : index === marks - 1 ? "end" : "middle";
    svg.append(s("text", { class: `tick ${anchor}`, x: x(time), y: height - 6 }, clock(time)));
  }
  for (const request of [...requests].reverse()) {
    const shape = mark(outcome(request), x(request.timestamp), y(request.latency_ms));
    shape.append(s("title", {}, `${clock(request.timestamp)}, ${duration(request.latency_ms)}`));
    svg.append(shape);
  }
  return svg;
}

const tick = (ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

/** Counts per tenth of confidence, with the threshold that the gate asks for. */
export function confidences({ counts, threshold, target_error: target }, width) {
  const height = 210;
  const [left, right, top, bottom] = [40, 12, 26, 26];
  const most = Math.max(1, ...counts);
  const step = (width - left - right) / counts.length;
  const y = (count) => height - bottom - (count / most) * (height - top - bottom);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": `Confidence of ${plural(total, "routed request")} in tenths; the gate's threshold is ${threshold.toFixed(2)}. The table below lists the counts.`,
  });
  for (const share of most === 1 ? [0, 1] : [0, 0.5, 1]) {
    const count = Math.round(most * share);
    const at = y(count);
    svg.append(
      s("line", { class: "rule", x1: left, x2: width - right, y1: at, y2: at }),
      s("text", { class: "tick end", x: left - 8, y: at + 4 }, number(count)),
    );
  }
  counts.forEach((count, index) => {
    const below = (index + 1) / counts.length <= threshold + 1e-9;
    if (count) {
      svg.append(
        s("rect", {
          class: below ? "column low" : "column",
          x: left + index * step + 2,
          y: y(count),
          width: step - 4,
          height: height - bottom - y(count),
          rx: 2,
        }),
      );
    }
    if (index % 2 === 0) {
      svg.append(
        s("text", { class: "tick middle", x: left + index * step, y: height - 8 }, (index / 10).toFixed(1)),
      );
    }
  });
  svg.append(s("text", { class: "tick end", x: width - right, y: height - 8 }, "1.0"));
  const at = left + threshold * (width - left - right);
  const anchor = threshold > 0.5 ? "end" : "";
  svg.append(
    s("line", { class: "threshold", x1: at, x2: at, y1: top - 8, y2: height - bottom }),
    s(
      "text",
      { class: `tick strong ${anchor}`, x: at + (anchor ? -6 : 6), y: 13 },
      target ? `threshold ${threshold.toFixed(2)}, error ≤ ${percent(target)}` : `threshold ${threshold.toFixed(2)}`,
    ),
  );
  return svg;
}

/** A node's p50 to p99, on a scale that all nodes share. */
export function range(stats, low, high) {
  const x = (ms) => ((Math.log10(Math.max(ms, 0.1)) - low) / (high - low)) * 100;
  const svg = s("svg", { class: "range", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
  const from = x(stats.p50_ms);
  svg.append(
    s("rect", { class: "track", x: 0, y: 5, width: 100, height: 2 }),
    s("rect", { class: "column", x: from, y: 2, width: Math.max(x(stats.p99_ms) - from, 0.8), height: 8 }),
    s("rect", { class: "line", x: Math.max(x(stats.p95_ms) - 0.4, 0), y: 0, width: 0.8, height: 12 }),
  );
  return svg;
}
