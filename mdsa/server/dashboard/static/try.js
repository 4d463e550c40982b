// Try a message: why it goes where it goes, and what comes of it.

import { events, post, Problem, remove, trouble } from "./api.js";
import { bar, byId, duration, fact, h, percent, speak } from "./dom.js";
import { graphDrawing, graphShape, stepRows } from "./graph.js";

const SENTENCES = {
  direct: "One domain answers",
  decompose: "The message is split between",
  clarify: "The agent asks back, between",
  unmatched: "No domain fits: shared knowledge answers",
};

const SETTINGS = {
  threshold: "Threshold of the confidence",
  target_error: "Accepted share of errors",
  out_of_scope_threshold: "Out of scope from",
  clarify_margin: "Asked back below the threshold, if closer than",
  close_margin: "Asked back above it, if closer than",
  clause_threshold: "A part is a question from",
};

const draw = graphDrawing(byId("graph"));
let waiting = null;

const best = (scores) => Object.entries(scores).sort((one, other) => other[1] - one[1]);

function sentence({ decision, domains }) {
  if (decision === "decompose" && domains.length === 1) return "Not sure enough, so with reasoning";
  return SENTENCES[decision];
}

function showRoute(found) {
  const names = found.domains.join(", ");
  byId("verdict").textContent = names
    ? `${sentence(found)}: ${names}.`
    : `${SENTENCES.unmatched}.`;
  byId("reason").textContent = found.reason;
  const rows = [...best(found.message.scores), ["out of scope", found.message.out_of_scope]];
  byId("scores").replaceChildren(
    ...rows.map(([name, score]) => {
      const kind = name === "out of scope" ? "muted" : found.domains.includes(name) ? "" : "dim";
      const cell = bar(score, kind);
      if (name !== "out of scope") {
        const threshold = h("span", { class: "threshold-mark" });
        threshold.style.left = `${found.settings.threshold * 100}%`;
        cell.append(threshold);
      }
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        cell,
        h("td", { class: "number" }, percent(score, 1)),
      );
    }),
  );
  byId("nearest").replaceChildren(
    fact("Nearest", found.message.evidence ? `“${found.message.evidence}”` : "nothing is near"),
    fact("Threshold", found.settings.threshold.toFixed(2)),
  );
  byId("parts").hidden = !found.clauses.length;
  byId("part-list").replaceChildren(
    ...found.clauses.map((part) => {
      const [name, score] = best(part.scores)[0] ?? ["none", 0];
      const near = part.evidence ? `; nearest: “${part.evidence}”` : "";
      return h(
        "li",
        {},
        part.text,
        h("span", { class: "note block" }, `${name} ${percent(score, 1)}${near}`),
      );
    }),
  );
  byId("settings").replaceChildren(
    ...Object.entries(found.settings).map(([name, value]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, SETTINGS[name] ?? name),
        h("td", { class: "number" }, value === null ? "not set" : String(value)),
      ),
    ),
  );
}

async function showResult(result) {
  byId("answer").textContent = result.response;
  byId("answer").setAttribute("aria-busy", "false");
  const failures = result.failures.map((one) => `${one.model || "a model"}: ${one.reason}`);
  byId("answer-facts").replaceChildren(
    fact("Whole turn", duration(result.latency_ms)),
    fact("Answered by", result.models.join(", ") || "no model"),
    fact("Degraded", result.degraded ? "yes" : "no"),
    ...(failures.length ? [fact("Asked in vain", failures.join("; "))] : []),
  );
  byId("sources-part").hidden = !result.sources.length;
  byId("sources").replaceChildren(
    ...result.sources.map((source) =>
      h(
        "li",
        {},
        h("b", {}, source.title),
        h(
          "span",
          { class: "note block" },
          `${source.source || "no file"} · ${source.scope} · score ${source.score.toFixed(2)}`,
        ),
      ),
    ),
  );
  byId("tools-part").hidden = !result.tool_calls.length;
  byId("tools").replaceChildren(
    ...result.tool_calls.map((call) =>
      h("li", {}, h("b", {}, `${call.name}(${JSON.stringify(call.args)})`), h("span", { class: "note block" }, `${call.status}: ${call.content}`)),
    ),
  );
  waiting = result.interrupts.length ? result.session_id : null;
  byId("decide").hidden = waiting === null;
  await draw(result.node_latency_ms, waiting === null);
  byId("steps").replaceChildren(
    ...stepRows(await graphShape(result.node_latency_ms), result.node_latency_ms),
  );
  speak(waiting === null ? "The answer is there." : "Tool calls wait for a decision.");
  if (waiting === null) await forget(result.session_id);
}

async function forget(session) {
  try {
    await remove(`/sessions/${encodeURIComponent(session)}`);
  } catch (error) {
    // Another page may have deleted it; nothing is lost.
    if (!(error instanceof Problem)) throw error;
  }
}

function clear() {
  for (const id of ["answer", "answer-facts", "sources", "tools", "verdict", "reason", "scores", "nearest", "steps"]) {
    byId(id).replaceChildren();
  }
  for (const id of ["sources-part", "tools-part", "decide", "parts"]) byId(id).hidden = true;
  byId("answer").setAttribute("aria-busy", "true");
  byId("result").hidden = false;
}

async function ask(message) {
  const route = post("/dashboard/api/explain", { message }).then(showRoute);
  // Told where the answer is awaited; here only so that it is never called unhandled.
  route.catch(() => {});
  const answer = byId("answer");
  let result = null;
  for await (const [name, data] of events("/chat/stream", { body: { message } })) {
    if (name === "token") answer.append(data.text);
    if (name === "restart") answer.replaceChildren();
    if (name === "error") throw new Problem(data.problem.status, data.problem.title, data.problem.detail);
    if (name === "final") result = data.result;
  }
  await route;
  if (result === null) throw new Problem(0, "The answer broke off.", "Send the message again.");
  await showResult(result);
}

async function during(button, work) {
  button.disabled = true;
  trouble(null);
  try {
    await work();
  } catch (error) {
    trouble(error);
    byId("answer").setAttribute("aria-busy", "false");
  } finally {
    button.disabled = false;
  }
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const message = byId("message").value.trim();
  if (!message) return;
  clear();
  during(byId("send"), async () => {
    await draw({}, false);
    await ask(message);
  });
});

byId("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    byId("ask").requestSubmit();
  }
});

for (const [id, decision] of [["approve", true], ["decline", false]]) {
  byId(id).addEventListener("click", () =>
    during(byId(id), async () => {
      const session = encodeURIComponent(waiting);
      await showResult(await post(`/sessions/${session}/resume`, { decision }));
      byId("answer-title").scrollIntoView({ block: "nearest" });
    }),
  );
}
