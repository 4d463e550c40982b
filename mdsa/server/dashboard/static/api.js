// Asks the server, with the visitor's API key where one is needed.

import { byId } from "./dom.js";

const KEY = "mdsa-api-key";
const ROOT = document.documentElement.dataset.root;

let key = null;
try {
  key = sessionStorage.getItem(KEY);
} catch {
  // the browser keeps nothing for this page: the key lasts as long as the page
}
let asking = null;

function keep(value) {
  key = value;
  try {
    if (value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // as above
  }
  byId("sign-out").hidden = value === null;
}

/** A problem that the server told of. */
export class Problem extends Error {
  constructor(status, title, detail, retryAfter) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
  }
}

async function problemOf(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    // a proxy's own page, say
  }
  return new Problem(
    response.status,
    told.title ?? `The server answered ${response.status}`,
    told.detail ?? "",
    Number(response.headers.get("Retry-After")) || 0,
  );
}

/** Shows the dialog for a key, and settles when one was given. */
function askForKey(problem) {
  asking ??= new Promise((resolve) => {
    const dialog = byId("sign-in");
    const input = byId("api-key");
    byId("sign-in-problem").textContent = key === null ? "" : problem;
    input.value = "";
    byId("sign-in-form").onsubmit = (event) => {
      event.preventDefault();
      keep(input.value.trim());
      asking = null;
      dialog.close();
      resolve();
    };
    // Without a key there is nothing to see behind it.
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
    input.focus();
  });
  return asking;
}

async function send(path, options) {
  for (;;) {
    const used = key;
    const headers = { ...options.headers };
    if (used !== null) headers.Authorization = `Bearer ${used}`;
    const response = await fetch(ROOT + path, { ...options, headers });
    if (response.status !== 401) {
      if (!response.ok) throw await problemOf(response);
      return response;
    }
    if (used === key) await askForKey("The server does not know this key.");
  }
}

/** Asks for JSON. */
export async function get(path) {
  return (await send(path, {})).json();
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await send(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

export async function put(path, body) {
  return (await send(path, { method: "PUT", body })).json();
}

export async function remove(path) {
  await send(path, { method: "DELETE" });
}

/** Reads server-sent events, giving [name, data] for each; `signal` ends it. */
export async function* events(path, { body, signal } = {}) {
  const options = { signal };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await send(path, options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        let name = "message";
        const data = [];
        for (const line of block.split("\n")) {
          if (line.startsWith("event:")) name = line.slice(6).trim();
          if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        }
        if (data.length) yield [name, JSON.parse(data.join("\n"))];
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Shows what went wrong, or takes it away again. */
export function trouble(error) {
  const place = byId("trouble");
  place.hidden = !error;
  place.textContent = "";
  if (!error) return;
  if (error instanceof Problem) {
    const title = document.createElement("strong");
    title.textContent = error.title;
    place.append(title, ` ${error.message}`);
  } else {
    place.textContent = `The server cannot be reached (${error.message}).`;
  }
}

byId("sign-out").hidden = key === null;
byId("sign-out").addEventListener("click", () => {
  keep(null);
  location.reload();
});
