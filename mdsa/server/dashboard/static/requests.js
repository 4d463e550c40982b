// Rows of requests that ended, the newest on top.

import { OUTCOMES, outcome } from "./charts.js";
import { byId, clock, duration, h, number } from "./dom.js";

const MOST = 100;

export const outcomeWord = (request) =>
  request.success ? OUTCOMES[outcome(request)] : `failed: ${request.error_type ?? "unknown"}`;

export const badge = (kind, text) => h("span", { class: `badge ${kind}` }, text);

function row(request, link) {
  const tokens = request.input_tokens + request.output_tokens;
  const failed = [...new Set(request.failures.map((one) => `${one.model} ${one.reason}`))];
  return h(
    "tr",
    { id: `row-${request.request_id}` },
    h("th", { scope: "row" }, link(request, clock(request.timestamp))),
    h("td", {}, badge(outcome(request), outcomeWord(request))),
    h("td", {}, request.domains.join(", ") || "–"),
    h("td", {}, request.decision || "–"),
    h("td", { class: "number" }, request.decision ? request.confidence.toFixed(2) : "–"),
    h("td", { class: "number" }, duration(request.latency_ms)),
    h("td", { class: "number" }, tokens ? number(tokens) : "–"),
    h(
      "td",
      {},
      request.models.join(", ") || "–",
      failed.length ? h("span", { class: "note" }, ` (not: ${failed.join(", ")})`) : null,
    ),
  );
}

/** Holds the last requests, and puts new ones on top without touching the others' rows. */
export class Requests {
  constructor(link, shown = MOST) {
    this.all = [];
    this.link = link;
    this.shown = shown;
  }

  /** Adds requests that ended, newest first; tells how many were new. */
  add({ first, requests: ended }) {
    const body = byId("requests");
    // After a break the server tells all that it still knows of.
    if (first) this.all = [];
    if (!this.all.length && ended.length) body.replaceChildren();
    const known = new Set(this.all.map((request) => request.request_id));
    const fresh = new Set(ended.filter((request) => !known.has(request.request_id)));
    // Those of another worker are heard of later, and belong below what ended since.
    this.all = [...fresh, ...this.all].sort((one, other) => other.timestamp - one.timestamp);
    this.all.length = Math.min(this.all.length, MOST);
    for (const [index, request] of this.all.slice(0, this.shown).entries()) {
      if (fresh.has(request)) body.insertBefore(row(request, this.link), body.rows[index] ?? null);
    }
    while (body.rows.length > this.shown) body.lastElementChild.remove();
    return fresh.size;
  }
}
