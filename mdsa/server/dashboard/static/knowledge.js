// Knowledge: what the domains answer from.

import { get, post, put, remove, trouble } from "./api.js";
import { byId, h, number, plural, size, speak } from "./dom.js";

let about = null;
let asked = 0;

const store = () => byId("store").value;

/** The store as part of a query; the shared one has no name. */
function query(more = {}) {
  const found = new URLSearchParams(more);
  if (store()) found.set("domain", store());
  return `?${found}`;
}

async function guarded(work) {
  try {
    trouble(null);
    await work();
  } catch (error) {
    trouble(error);
  }
}

async function describe() {
  about = await get("/dashboard/api/knowledge");
  const select = byId("store");
  const chosen = select.value;
  select.replaceChildren(
    ...about.stores.map(({ domain }) =>
      h("option", { value: domain ?? "", selected: (domain ?? "") === chosen }, domain === null ? "Shared by all domains" : domain),
    ),
  );
  const { passages } = about.stores.find(({ domain }) => (domain ?? "") === store());
  byId("store-note").textContent = `${plural(passages, "passage")} here.`;
  byId("files").accept = about.file_types.join(",");
  byId("upload-note").textContent =
    `Up to ${size(about.max_bytes)} each, of type ${about.file_types.join(", ")}. ` +
    "A file of the same name is replaced.";
  byId("upload").hidden = !about.may_change;
  byId("no-upload").hidden = about.may_change;
}

function fileRow(file) {
  const name = file.source || file.title;
  const button = h("button", { type: "button", class: "quiet danger", "aria-label": `Delete ${name}` }, "Delete");
  button.addEventListener("click", () => confirmDeletion(file, name));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h("td", {}, file.title),
    h("td", {}, file.uploaded ? "upload" : "folder or program"),
    h("td", { class: "number" }, number(file.passages)),
    h("td", { class: "number" }, about.may_change ? button : null),
  );
}

async function list() {
  const mine = (asked += 1);
  const contains = byId("contains").value;
  const { files, total } = await get(`/dashboard/api/knowledge/files${query(contains ? { contains } : {})}`);
  if (mine !== asked) return; // a later question was faster
  byId("listed").replaceChildren(
    ...(files.length
      ? files.map(fileRow)
      : [h("tr", {}, h("td", { colspan: 5, class: "none" }, contains ? "Nothing of that name is stored here." : "Nothing is stored here yet."))]),
  );
  byId("listed-note").textContent =
    files.length < total
      ? `The first ${number(files.length)} of ${number(total)}; filter to see others.`
      : plural(total, "document");
}

const refresh = () =>
  guarded(async () => {
    await describe();
    await list();
  });

function passage(found, index) {
  const told = h("summary", {}, h("b", {}, found.title));
  told.append(
    h("span", { class: "note block" }, `${found.source || "no file"} · ${found.scope === "global" ? "shared" : "own"} · score ${found.score.toFixed(2)}, similarity ${found.similarity.toFixed(2)}`),
  );
  const text = h("p", { class: "passage" }, found.content);
  return h("li", {}, h("details", { open: index === 0 }, told, text));
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  guarded(async () => {
    const body = { query: byId("query").value, domain: store() || null };
    const found = await post("/dashboard/api/knowledge/search", body);
    byId("found").replaceChildren(
      ...(found.length ? found.map(passage) : [h("li", { class: "none" }, "Nothing was found.")]),
    );
    speak(`${plural(found.length, "passage")} found.`);
  });
});

async function upload(file, line) {
  if (file.size > about.max_bytes) {
    throw new Error(`has ${size(file.size)}, the most is ${size(about.max_bytes)}`);
  }
  const name = encodeURIComponent(file.name);
  const done = await put(`/dashboard/api/knowledge/files/${name}${query()}`, file);
  const stored = done.added + done.updated;
  line.className = "ok";
  line.textContent = stored
    ? `${file.name}: ${plural(stored, "passage")} stored${done.deleted ? `, ${number(done.deleted)} replaced` : ""}.`
    : `${file.name}: unchanged, ${plural(done.unchanged, "passage")}.`;
}

byId("upload").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  const lines = byId("uploads");
  lines.replaceChildren();
  for (const file of byId("files").files) {
    const line = h("li", {}, `${file.name}: reading …`);
    lines.append(line);
    try {
      await upload(file, line);
    } catch (error) {
      line.className = "bad";
      const told = error.message.startsWith(file.name) ? error.message : `${file.name}: ${error.message}`;
      line.textContent = told;
    }
  }
  if (button) button.disabled = false;
  event.target.reset();
  await refresh();
});

function confirmDeletion(file, name) {
  const dialog = byId("confirm");
  const back = file.uploaded
    ? ""
    : " It came from a folder or a program: one that the app file names comes back when the server starts again.";
  byId("confirm-text").textContent = `${name}, ${plural(file.passages, "passage")}, will no longer be found.${back}`;
  byId("confirm-no").onclick = () => dialog.close();
  byId("confirm-form").onsubmit = (event) => {
    event.preventDefault();
    dialog.close();
    guarded(async () => {
      const which = file.source ? { source: file.source } : { passage: file.id };
      await remove(`/dashboard/api/knowledge/files${query(which)}`);
      speak(`${name} is deleted.`);
      await refresh();
      byId("contains").focus();
    });
  };
  dialog.showModal();
  byId("confirm-no").focus();
}

let typing = null;
byId("contains").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => guarded(list), 200);
});

byId("store").addEventListener("change", () => {
  byId("found").replaceChildren();
  refresh();
});

refresh();
