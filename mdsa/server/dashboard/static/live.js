// Follows the server's figures as they change, and comes back after a break.

import { events, Problem, trouble } from "./api.js";
import { byId, number, plural } from "./dom.js";

const LONGEST_WAIT_S = 30;

const NAMES = {
  live: "Live",
  paused: "Paused",
  waiting: "Connecting …",
  refused: "Not live",
};

function show(state) {
  const place = byId("live");
  place.dataset.state = state;
  place.textContent = NAMES[state];
}

function showWorkers({ workers, workers_unread: unread }) {
  const place = byId("workers");
  place.hidden = workers + unread < 2;
  const missing = unread ? ` The figures of ${number(unread)} more cannot be read; see the log.` : "";
  place.textContent = `Of ${plural(workers, "worker")}; what others answer is seen within three seconds.${missing}`;
}

/** Calls `on[name](data)` for each event until the visitor pauses. */
export function follow(on) {
  const button = byId("pause");
  let control = null;

  async function run() {
    let wait = 1;
    const mine = new AbortController();
    control = mine;
    while (!mine.signal.aborted) {
      show("waiting");
      try {
        for await (const [name, data] of events("/dashboard/api/live", { signal: mine.signal })) {
          wait = 1;
          show("live");
          trouble(null);
          if (name === "summary") showWorkers(data);
          on[name]?.(data);
        }
      } catch (error) {
        if (mine.signal.aborted) break;
        trouble(error);
        if (error instanceof Problem && error.status === 403) {
          show("refused");
          return;
        }
        wait = Math.max(wait, error.retryAfter ?? 0);
      }
      if (mine.signal.aborted) break;
      show("waiting");
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      wait = Math.min(wait * 2, LONGEST_WAIT_S);
    }
  }

  button.addEventListener("click", () => {
    const pausing = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(pausing));
    button.textContent = pausing ? "Go on" : "Pause updates";
    if (pausing) {
      control?.abort();
      show("paused");
    } else {
      run();
    }
  });
  // A page that is left ends its stream at once, which the server counts.
  addEventListener("pagehide", () => control?.abort());
  run();
}
