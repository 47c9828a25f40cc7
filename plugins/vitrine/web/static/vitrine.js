// What goes beyond links and forms. Everything but copying, history and replays works without this script.

const HISTORY = "vitrine-searches";
const MOST_REMEMBERED = 12;
const COPIED_MILLISECONDS = 1500;
const embedded = window.parent !== window;

function say(text) {
  document.getElementById("said").textContent = text;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // The clipboard needs HTTPS. Without it, select the text for the user to copy.
    const field = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.dataset.done = "";
  say("Copied");
  setTimeout(() => delete button.dataset.done, COPIED_MILLISECONDS);
}

// A URL that others can open: this page inside Airflow, or on its own. Airflow's URL still names the previous page
// until ours has loaded, so only its path is used.
function shared() {
  const airflow = embedded && window.parent.location.href.match(/^[^?#]+?\/plugin\/[^/?#]+/);
  return airflow ? airflow[0] + location.href.slice(location.origin.length) : location.href;
}

for (const button of document.querySelectorAll("[data-copy], [data-copy-link]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button.dataset.copy ?? shared(), button));
}

// Airflow's frame may not open windows, but the page around it may.
if (embedded) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[target=_blank], a[target=_top]");
    if (!link) return;
    event.preventDefault();
    const copy = window.parent.document.createElement("a");
    Object.assign(copy, { href: link.href, target: link.target, rel: "noopener" });
    copy.click();
  });
}

for (const image of document.querySelectorAll("img[loading=lazy]")) {
  const missing = () => image.closest("a, figure").classList.add("missing");
  image.addEventListener("error", missing);
  if (image.complete && !image.naturalWidth) missing();
}

const busy = document.getElementById("busy");
const setBusy = (on) => {
  if (!busy) return;
  busy.hidden = !on;
  document.body.classList.toggle("asking", on);
  if (on) say(busy.textContent);
};
document.addEventListener("submit", (event) => setBusy(event.target.method === "get"));
document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='?']") && !event.ctrlKey && !event.metaKey && !event.shiftKey) setBusy(true);
});
window.addEventListener("pageshow", () => setBusy(false));

// Leave out defaults, so that the URL is short enough to share.
document.getElementById("search")?.addEventListener("formdata", ({ target, formData }) => {
  for (const [name, value] of [...formData]) {
    if (!value.trim() || value === target.elements[name].dataset.usual) formData.delete(name);
  }
  if (formData.has("q")) formData.delete("like");
});

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string" && one.startsWith("?")) : [];
  } catch {
    return [];
  }
}

function showHistory() {
  const section = document.getElementById("history");
  if (!section) return;
  const count = document.getElementById("count");
  let searches = remembered();
  if (count && location.search) {
    searches = [location.search, ...searches.filter((one) => one !== location.search)].slice(0, MOST_REMEMBERED);
    try {
      localStorage.setItem(HISTORY, JSON.stringify(searches));
    } catch {
      // No history in a browser that blocks storage.
    }
  }
  const others = searches.filter((one) => one !== location.search);
  section.hidden = others.length === 0;
  section.querySelector("ul").replaceChildren(...others.map(chip));
}

function chip(search) {
  const asked = new URLSearchParams(search);
  const link = Object.assign(document.createElement("a"), { href: search });
  const words = asked.get("q") ?? `like ${asked.get("like")?.split("/").pop()}`;
  const below = asked.get("prefix") ? ` below ${asked.get("prefix")}` : "";
  link.textContent = words + below;
  const item = document.createElement("li");
  item.append(link);
  return item;
}

document.getElementById("forget")?.addEventListener("click", () => {
  localStorage.removeItem(HISTORY);
  document.getElementById("history").hidden = true;
  document.getElementById("q").focus();
});

showHistory();
say(document.getElementById("count")?.textContent.trim().replace(/\s+/g, " ") ?? "");

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
