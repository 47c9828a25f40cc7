// What all pages share. Everything but copying, history and replays works without scripts.

const COPIED_MILLISECONDS = 1500;
const embedded = window.parent !== window;

export function say(text) {
  document.getElementById("said").textContent = text;
}

export async function copy(text, button) {
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

for (const button of document.querySelectorAll("[data-copy], [data-copy-from], [data-copy-link]")) {
  button.hidden = false;
  const { copy: text, copyFrom } = button.dataset;
  button.addEventListener("click", () => {
    copy(text ?? (copyFrom ? document.getElementById(copyFrom).textContent : shared()), button);
  });
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

// Fill a place with what takes longer to count than the page. Our own answers are HTML, errors included; without a login, or
// when Airflow fails, the answer is something else.
export async function fill(place, address, told = place) {
  told.textContent = "counting …";
  try {
    const answer = await fetch(address);
    if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error();
    place.innerHTML = await answer.text();
  } catch {
    told.textContent = "Counting failed. Reload the page.";
  }
}

// A picture that does not come is said to be missing. Events of loading do not bubble, but are captured.
function settle({ target: image }) {
  if (!image.matches?.("img[loading=lazy]")) return;
  const item = image.closest("li");
  item.classList.remove("waiting");
  item.classList.toggle("missing", !image.naturalWidth);
}

document.addEventListener("load", settle, { capture: true });
document.addEventListener("error", settle, { capture: true });
for (const image of document.querySelectorAll("img[loading=lazy]")) {
  if (image.complete && image.currentSrc) settle({ target: image });
}
