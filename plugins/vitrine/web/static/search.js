// The search page: what goes beyond links and a form.

import { say } from "./common.js";
import { enlargeWhatHistorySays, prepare as prepareLightbox } from "./lightbox.js";
import { keepScrolling, restore } from "./more.js";
import { remember, showHistory } from "./recent.js";
import { prepare as prepareSelection } from "./select.js";

const pictures = document.getElementById("pictures");

const busy = document.getElementById("busy");
function setBusy(on) {
  busy.hidden = !on;
  document.body.classList.toggle("asking", on);
  if (on) say(busy.textContent);
}
document.addEventListener("submit", (event) => setBusy(event.target.method === "get"));
document.addEventListener("click", (event) => {
  const stays = event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented;
  if (event.target.closest("a[href^='?']") && !stays) setBusy(true);
});
window.addEventListener("pageshow", () => setBusy(false));

// Leave out what is empty, so that the URL is short enough to share.
document.getElementById("search").addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value.trim()) formData.delete(name);
  if (formData.has("q")) formData.delete("like");
});

remember();
showHistory();
say(document.getElementById("count")?.textContent ?? "");

// Something to look at until a picture has come; common.js sees it come.
function wait(items) {
  for (const item of items) item.classList.toggle("waiting", !item.querySelector("img").complete);
}

if (pictures) {
  wait(pictures.querySelectorAll("li"));
  pictures.addEventListener("more", ({ detail }) => wait(detail));
  prepareSelection(pictures);
  prepareLightbox(pictures);
  await restore(pictures);
  keepScrolling(pictures);
  enlargeWhatHistorySays();
}
