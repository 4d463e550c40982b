// Traces: a request's way through the graph.

import { trouble } from "./api.js";
import { byId, clock, duration, fact, h, number } from "./dom.js";
import { graphDrawing, graphShape, stepRows } from "./graph.js";
import { follow } from "./live.js";
import { outcomeWord, Requests } from "./requests.js";

const draw = graphDrawing(byId("graph"));
const requests = new Requests((request, text) => h("a", { href: `#${request.request_id}` }, text));
let chosen = null;

async function show(request) {
  chosen = request.request_id;
  for (const row of byId("requests").rows) {
    if (row.id === `row-${chosen}`) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  const times = request.node_latency_ms;
  try {
    await draw(times, request.success && !request.interrupted);
    byId("steps").replaceChildren(...stepRows(await graphShape(times), times));
  } catch (error) {
    trouble(error);
    return;
  }
  byId("turn-note").textContent = `Request ${request.request_id.slice(0, 8)} of ${clock(request.timestamp)}`;
  const failures = request.failures.map((one) => `${one.model || "a model"}: ${one.reason}`);
  byId("turn-facts").replaceChildren(
    fact("Outcome", outcomeWord(request)),
    fact("Decision", request.decision || "none"),
    fact("Domains", request.domains.join(", ") || "none"),
    fact("Confidence", request.decision ? request.confidence.toFixed(2) : "–"),
    fact("Whole turn", duration(request.latency_ms)),
    fact("Tokens", `${number(request.input_tokens)} in, ${number(request.output_tokens)} out`),
    fact("Answered by", request.models.join(", ") || "no model"),
    ...(failures.length ? [fact("Asked in vain", failures.join("; "))] : []),
  );
  byId("turn").hidden = false;
}

function showAddressed() {
  const id = location.hash.slice(1);
  const request = requests.all.find((one) => one.request_id === id);
  if (request) show(request);
}

addEventListener("hashchange", () => {
  showAddressed();
  byId("turn-title").scrollIntoView({ block: "nearest" });
});

draw({}, false).catch(trouble);
follow({
  requests: (ended) => {
    requests.add(ended);
    if (chosen !== null) return;
    showAddressed();
    if (chosen === null && requests.all.length) show(requests.all[0]);
  },
});
