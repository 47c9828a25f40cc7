// The health page: what is counted later, and replays.

import { fill } from "./common.js";

for (const place of document.querySelectorAll("[data-load]")) fill(place, place.dataset.load, place.querySelector("p"));

// A run that is under way: the first line says how far it is, without a BigQuery job. 204: it has ended.
const LOOK_AGAIN_MILLISECONDS = 5000;

async function follow(place) {
  if (document.hidden) return;
  let answer;
  try {
    answer = await fetch(place.dataset.live);
  } catch {
    return; // The network is away: look again later.
  }
  const busy = document.querySelector("dialog[open]") || document.activeElement?.matches("input");
  if (answer.status === 204 && !busy) location.reload();
  if (answer.status !== 200 || answer.redirected) return;
  const told = await answer.text();
  if (told === place.dataset.told) return;
  place.innerHTML = place.dataset.told = told;
  place.closest(".verdict").className = `verdict verdict-${place.querySelector(".mark").dataset.tone}`;
}

for (const place of document.querySelectorAll("[data-live]")) setInterval(follow, LOOK_AGAIN_MILLISECONDS, place);

// A replay is a run started through Airflow's own API, with the user's permissions and an entry in the audit log.
async function replay({ runs, pages, status, prefix }) {
  const conf = { replay_quarantine: true, replay_status: status || null, uri_prefix: prefix || null };
  const answer = await fetch(`${runs}/dagRuns`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    // Airflow's calendar, and its filters by date, leave out runs without a logical date.
    body: JSON.stringify({ logical_date: new Date().toISOString(), conf, note: "Replay, from the page Image health" }),
  });
  const made = await answer.json();
  if (!answer.ok) throw new Error(typeof made.detail === "string" ? made.detail : answer.statusText);
  const { is_paused: paused } = await (await fetch(runs)).json();
  const link = Object.assign(document.createElement("a"), {
    href: pages + encodeURIComponent(made.dag_run_id), target: "_top", textContent: made.dag_run_id,
  });
  return ["Started: ", link, paused ? ". The DAG is paused: unpause it in Airflow to start the run." : "."];
}

const question = document.getElementById("confirm");
const start = document.getElementById("replay");
if (question && start) {
  start.hidden = false;
  start.addEventListener("click", () => question.showModal());
  question.addEventListener("close", async () => {
    if (question.returnValue !== "start") return;
    start.disabled = true;
    const told = document.getElementById("replayed");
    try {
      told.replaceChildren(...(await replay(question.querySelector("form").dataset)));
    } catch (error) {
      told.textContent = `The run could not be started: ${error.message}`;
      start.disabled = false;
    }
  });
}
