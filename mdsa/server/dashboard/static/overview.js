// The overview: figures as they change.

import { get, trouble } from "./api.js";
import { confidences, drawn, latencies, range } from "./charts.js";
import { bar, byId, countRows, duration, h, nodeHeading, number, percent, plural, size, speak } from "./dom.js";
import { follow } from "./live.js";
import { badge, Requests } from "./requests.js";

const STATUS_EVERY_S = 15;
const SPEAK_EVERY_S = 20;
const ROOT = document.documentElement.dataset.root;

const requests = new Requests(
  (request, text) => h("a", { href: `${ROOT}/dashboard/traces#${request.request_id}` }, text),
  10,
);
let figures = null;
let spokenAt = 0;

const drawLatencies = drawn(byId("latencies"), (width) => latencies(requests.all, width));
const drawConfidence = drawn(byId("confidence"), (width) =>
  figures ? confidences(figures.confidence, width) : h("p", { class: "none" }, "No figures yet."),
);

function text(id, value) {
  byId(id).textContent = value;
}

function showTotals(found) {
  const none = found.requests_total === 0;
  text("total", number(found.requests_total));
  text("total-note", plural(Object.keys(found.domains).length, "domain"));
  const ended = found.requests_success + found.requests_failed;
  text("success", ended ? percent(found.success_rate, 1) : "–");
  const stopped = found.requests_interrupted;
  text(
    "success-note",
    none
      ? "no request yet"
      : `${number(found.requests_failed)} failed${stopped ? `, ${number(stopped)} stopped for approval` : ""}`,
  );
  text("median", none ? "–" : duration(found.latency.p50_ms));
  text(
    "median-note",
    none ? "" : `p95 ${duration(found.latency.p95_ms)}, p99 ${duration(found.latency.p99_ms)}`,
  );
  text("degraded", number(found.degraded_total));
  text("degraded-note", none ? "" : percent(found.degraded_total / found.requests_total, 1));
  text("tokens", number(found.output_tokens));
  text("tokens-note", `${number(found.input_tokens)} in`);
  text("running", number(found.turns.running));
  text("running-note", `${number(found.turns.waiting)} waiting`);
}

function showConfidence(found) {
  byId("confidence-rows").replaceChildren(
    ...found.counts.map((count, index) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, `${(index / 10).toFixed(1)} to ${((index + 1) / 10).toFixed(1)}`),
        h("td", { class: "number" }, number(count)),
      ),
    ),
  );
  drawConfidence();
}

const ORDER = [
  ...["classify", "gate", "decompose", "clarify"],
  ...["retrieve", "generate", "approve", "tools", "answer"],
];

/** Nodes as a turn visits them: the domains, by name, between gate and merge. */
function place(name) {
  const [domain, inner = ""] = name.includes("/") ? name.split("/") : [name];
  const at = ORDER.indexOf(domain);
  const first = domain === "merge" ? "3" : at >= 0 ? `1${at}` : `2${domain}`;
  return `${first} ${inner && ORDER.indexOf(inner)}`;
}

function showNodes(nodes) {
  const ran = Object.entries(nodes).filter(([, stats]) => stats.count > 0);
  if (!ran.length) return;
  const low = Math.floor(Math.log10(Math.max(0.1, Math.min(...ran.map(([, one]) => one.p50_ms)))));
  const most = Math.max(...ran.map(([, one]) => one.p99_ms), 1);
  const high = Math.max(Math.ceil(Math.log10(most)), low + 1);
  byId("nodes").replaceChildren(
    ...ran
      .sort(([one], [other]) => place(one).localeCompare(place(other)))
      .map(([name, stats]) =>
        h(
          "tr",
          {},
          nodeHeading(name),
          h("td", { class: "wide" }, range(stats, low, high)),
          ...["p50_ms", "p95_ms", "p99_ms"].map((key) =>
            h("td", { class: "number" }, duration(stats[key])),
          ),
          h("td", { class: "number" }, number(stats.count)),
          h("td", { class: stats.errors ? "number bad" : "number" }, number(stats.errors)),
          h("td", { class: "number" }, stats.model_calls ? number(stats.input_tokens) : "–"),
          h("td", { class: "number" }, stats.model_calls ? number(stats.output_tokens) : "–"),
        ),
      ),
  );
}

function showSummary(found) {
  figures = found;
  showTotals(found);
  byId("domains").replaceChildren(...countRows(found.domains, "No domain is registered."));
  byId("decisions").replaceChildren(...countRows(found.decisions, "No decision yet."));
  byId("errors").replaceChildren(...countRows(found.errors, "No request has failed."));
  showConfidence(found.confidence);
  showNodes(found.nodes);
  if (found.requests_total && Date.now() - spokenAt > SPEAK_EVERY_S * 1000) {
    spokenAt = Date.now();
    speak(`${plural(found.requests_total, "request")}, ${number(found.requests_failed)} failed.`);
  }
}

const BREAKER = { open: "Not asked for a while after failures.", half_open: "Being tried again." };

function modelRow(part, found) {
  const breaker = found.breakers[part.name];
  const resting = breaker && breaker.state !== "closed";
  const failures = Object.values(found.failures[part.name] ?? {}).reduce((sum, n) => sum + n, 0);
  const detail = [
    resting ? BREAKER[breaker.state] : null,
    part.ok && resting ? breaker.reason : part.detail,
    part.remedy ? `Remedy: ${part.remedy}` : null,
  ].filter(Boolean);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, part.name),
    h(
      "td",
      {},
      badge(part.ok ? (resting ? "warn" : "ok") : "bad", part.ok ? (resting ? "resting" : "ready") : "unavailable"),
      ...detail.map((line) => h("span", { class: "note block" }, line)),
    ),
    h("td", { class: "number" }, number(found.answers[part.name] ?? 0)),
    h("td", { class: failures ? "number bad" : "number" }, number(failures)),
  );
}

function memoryLine([name, { limit_bytes: limit, used_bytes_by_worker: used }]) {
  const each = used.length > 1 ? " for each worker" : "";
  return h("li", {}, `Memory (${name}): ${used.map(size).join(" and ")} of ${size(limit)}${each}`);
}

function showStatus(found) {
  const models = found.parts.filter((part) => part.kind === "model");
  byId("models").replaceChildren(...models.map((part) => modelRow(part, found)));
  const memory = Object.entries(found.memory).filter(([, pool]) => pool.used_bytes > 0);
  byId("memory").hidden = !memory.length;
  byId("memory").replaceChildren(...memory.map(memoryLine));
  const passages = { Shared: found.knowledge.global, ...found.knowledge.domains };
  const knowledge = found.parts.find((part) => part.kind === "knowledge");
  const sessions = found.parts.find((part) => part.kind === "sessions");
  const state = (part) => badge(part.ok ? "ok" : "bad", part.ok ? "ready" : "unavailable");
  byId("stores").replaceChildren(
    h(
      "tr",
      {},
      h("th", { scope: "row" }, "Sessions"),
      h("td", {}, state(sessions), sessions.detail ? h("span", { class: "note block" }, sessions.detail) : null),
      h("td", { class: "number" }, "–"),
    ),
    ...Object.entries(passages).map(([name, count]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, name === "Shared" ? "Shared knowledge" : `Knowledge of ${name}`),
        h("td", {}, state(knowledge)),
        h("td", { class: "number" }, number(count)),
      ),
    ),
  );
}

async function lookAtStatus() {
  try {
    if (document.visibilityState === "visible") showStatus(await get("/dashboard/api/status"));
  } catch (error) {
    trouble(error);
    if (error.status === 403) return;
  }
  setTimeout(lookAtStatus, STATUS_EVERY_S * 1000);
}

drawLatencies();
drawConfidence();
lookAtStatus();
follow({
  summary: showSummary,
  requests: (ended) => {
    if (requests.add(ended)) drawLatencies();
  },
});
