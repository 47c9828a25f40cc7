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
document.addEventListener("submit", (event) => setBusy(event.target.id === "search"));
document.addEventListener("click", (event) => {
  const stays = event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented;
  if (event.target.closest("a[href^='?']") && !stays) setBusy(true);
});
window.addEventListener("pageshow", () => setBusy(false));

// Leave out what is empty or as it is anyway, so that the URL is short enough to share.
document.getElementById("search").addEventListener("formdata", ({ target, formData }) => {
  for (const name of new Set(formData.keys())) {
    const usual = target.querySelector(`[name="${name}"][data-usual]`)?.dataset.usual;
    const given = formData.getAll(name);
    formData.delete(name);
    for (const value of given) {
      if (value instanceof File ? value.size : value.trim() && value !== usual) formData.append(name, value);
    }
  }
  if (!formData.has("minus") && !(formData.has("q") && formData.has("like"))) formData.delete("weight");
});

const weight = document.querySelector("[name=weight]");
weight.addEventListener("input", () => {
  weight.nextElementSibling.value = `${Math.round(100 * weight.value)} %`;
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
