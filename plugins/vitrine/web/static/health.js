// The health page: what is counted later, and replays.

// Load what takes longer to count after the rest. Our own answers are HTML, errors included; without a login, or when
// Airflow fails, the answer is something else.
async function load(place) {
  const told = place.querySelector("p");
  told.textContent = "counting …";
  try {
    const answer = await fetch(place.dataset.load);
    if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error();
    place.innerHTML = await answer.text();
  } catch {
    told.textContent = "Counting failed. Reload the page.";
  }
}

document.querySelectorAll("[data-load]").forEach(load);

// A replay is a run started through Airflow's own API, with the user's permissions and an entry in the audit log.
async function replay({ runs, pages, status, prefix }) {
  const conf = { replay_quarantine: true, replay_status: status || null, uri_prefix: prefix || null };
  const answer = await fetch(`${runs}/dagRuns`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ logical_date: null, conf }),
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
