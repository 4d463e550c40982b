"""The agent behind a chat page of Flask: answers as they are made, a session per browser."""

import json
import os
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request, session

from mdsa import MdsaError, TinyBERTOrchestrator
from mdsa.errors import InvalidInputError, UnknownSessionError

TOLD = (InvalidInputError, UnknownSessionError)
"""Errors that visitors may read; others name folders and servers."""

PAGE = r"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shop assistant</title>
<style nonce="NONCE">
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { margin: 0; }
  main { max-width: 44rem; height: 100dvh; box-sizing: border-box; margin: auto; padding: 1rem;
         display: flex; flex-direction: column; gap: 1rem; }
  header, form { display: flex; gap: .5rem; justify-content: space-between; align-items: center; }
  h1 { font-size: 1.25rem; margin: 0; }
  #log { flex: 1; overflow-y: auto; display: flex; flex-direction: column; gap: .75rem; }
  article { padding: .5rem .75rem; border-radius: .75rem; max-width: 85%; align-self: flex-start;
            overflow-wrap: anywhere; border: 1px solid light-dark(#d5d9e0, #4a5160); }
  article.mine { align-self: flex-end; background: light-dark(#e4ecfb, #24385c); }
  p { margin: 0; white-space: pre-wrap; }
  .choice { display: flex; gap: .5rem; margin-top: .5rem; }
  small { display: block; margin-top: .25rem; color: light-dark(#555c68, #a9b1bf); }
  input { flex: 1; min-width: 0; }
  input, button { font: inherit; padding: .5rem .75rem; border-radius: .5rem;
                  border: 1px solid light-dark(#8a919e, #6b7382); }
</style>
</head>
<body>
<main>
<header><h1>Shop assistant</h1><button id="anew">New conversation</button></header>
<div id="log" role="log" aria-label="Conversation" tabindex="0"></div>
<form id="form">
  <input id="message" aria-label="Message" placeholder="Where is order ORD-1002?"
         autocomplete="off" maxlength="20000" required autofocus>
  <button>Send</button>
</form>
</main>
<script nonce="NONCE">
const log = document.getElementById("log");

// Only textContent is set: what people and models write is never read as HTML.
function add(parent, tag, text, name = "") {
  const element = parent.appendChild(document.createElement(tag));
  element.textContent = text;
  element.className = name;
  log.scrollTop = log.scrollHeight;
  return element;
}

async function* lines(response) {
  let rest = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + part).split("\n");
    rest = whole.pop();
    yield* whole.map(line => JSON.parse(line));
  }
}

async function send(path, body) {
  const article = add(log, "article", "");
  const answer = add(article, "p", "…");
  const texts = new Map();  // of the domains that answer, by node
  try {
    const headers = {"Content-Type": "application/json"};
    const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    if (!response.ok) throw new Error((await response.json()).error);
    for await (const event of lines(response)) {
      if (event.type === "token") {
        texts.set(event.node, (texts.get(event.node) ?? "") + event.text);
      } else if (event.type === "tool") {
        texts.delete(event.domain + "/generate");
      } else if (event.type === "restart") {
        texts.delete(event.node);
      } else if (event.type === "final") {
        finish(article, answer, event.result);
        continue;
      } else if (event.type === "error") {
        throw new Error(event.error);
      }
      answer.textContent = [...texts.values()].join("\n\n") || "…";
      log.scrollTop = log.scrollHeight;
    }
  } catch (error) {
    answer.textContent = "No answer: " + error.message;
  }
}

function finish(article, answer, result) {
  answer.textContent = result.response;
  const sure = "confidence " + Math.round(100 * result.confidence) + "%";
  const route = [...result.domains, result.decision, sure];
  if (result.degraded) route.push("degraded");
  add(article, "small", route.join(" · "));
  const titles = [...new Set(result.sources.map(source => source.title))];
  if (titles.length) add(article, "small", "Sources: " + titles.join(" · "));
  if (!result.interrupts.length) return;
  const choice = add(article, "div", "", "choice");
  for (const [label, approve] of [["Approve", true], ["Decline", false]]) {
    add(choice, "button", label).onclick = () => {
      choice.remove();
      add(log, "article", label, "mine");
      send("/api/decision", {approve});
    };
  }
}

document.getElementById("form").onsubmit = event => {
  event.preventDefault();
  const message = document.getElementById("message");
  add(log, "article", message.value, "mine");
  send("/api/chat", {message: message.value});
  message.value = "";
};
document.getElementById("anew").onclick = async () => {
  await fetch("/api/chat", {method: "DELETE"});
  log.replaceChildren();
};
</script>
</body>
</html>
"""


def create_app() -> Flask:
    """Make the application of the agent that `MDSA_APP` describes, or the example shop's."""
    app = Flask(__name__)
    # Set it where cookies should outlive the process, or several processes should share them.
    app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()
    app.config.update(SESSION_COOKIE_SAMESITE="Strict", MAX_CONTENT_LENGTH=1_000_000)
    agent = TinyBERTOrchestrator.from_app()

    def context() -> dict[str, str]:
        """Who asks, from the signed cookie: what a body said of it could be anybody's."""
        return {
            "user_id": session.setdefault("user", uuid4().hex),
            "session_id": session.setdefault("conversation", uuid4().hex),
        }

    @app.get("/")
    def page() -> str:
        g.nonce = secrets.token_urlsafe()
        return PAGE.replace("NONCE", g.nonce)

    @app.post("/api/chat")
    def chat() -> Response:
        message, who = sent("message"), context()

        def events() -> Iterator[str]:
            try:
                for event in agent.stream_request(message, who):
                    yield json.dumps(event) + "\n"
            except MdsaError as error:
                app.logger.warning("no answer: %s", error)
                yield json.dumps({"type": "error", "error": told(error)}) + "\n"

        return Response(events(), mimetype="application/x-ndjson")

    @app.post("/api/decision")
    def decide() -> Response:
        who = context()
        result = agent.resume(
            who["session_id"], sent("approve") is True, {"user_id": who["user_id"]}
        )
        line = json.dumps({"type": "final", "result": result}) + "\n"
        return Response(line, mimetype="application/x-ndjson")

    @app.delete("/api/chat")
    def begin_anew() -> tuple[str, int]:
        session.pop("conversation", None)
        return "", 204

    @app.errorhandler(MdsaError)
    def refuse(error: MdsaError) -> tuple[dict[str, str], int]:
        app.logger.warning("refused: %s", error)
        return {"error": told(error)}, 422 if isinstance(error, TOLD) else 503

    @app.after_request
    def secure(response: Response) -> Response:
        nonce = f"'nonce-{g.get('nonce', '')}'"
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src {nonce}; style-src {nonce}; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def sent(name: str) -> Any:
    """A field of the request's JSON; what is no object has none."""
    body = request.get_json()
    return body.get(name) if isinstance(body, dict) else None


def told(error: MdsaError) -> str:
    """What a visitor reads of an error."""
    return str(error) if isinstance(error, TOLD) else "the assistant cannot answer at the moment."


if __name__ == "__main__":
    create_app().run(host="127.0.0.1", port=int(os.environ.get("PORT", "5000")))
