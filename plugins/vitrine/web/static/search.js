// The search page: what goes beyond links and a form.

import { say } from "./common.js";

const HISTORY = "vitrine-searches";
const MOST_REMEMBERED = 12;

const busy = document.getElementById("busy");
const setBusy = (on) => {
  if (!busy) return;
  busy.hidden = !on;
  document.body.classList.toggle("asking", on);
  if (on) say(busy.textContent);
};
document.addEventListener("submit", () => setBusy(true));
document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='?']") && !event.ctrlKey && !event.metaKey && !event.shiftKey) setBusy(true);
});
window.addEventListener("pageshow", () => setBusy(false));

// Leave out defaults, so that the URL is short enough to share.
document.getElementById("search")?.addEventListener("formdata", ({ target, formData }) => {
  for (const name of new Set(formData.keys())) {
    const usual = target.querySelector(`[name="${name}"][data-usual]`)?.dataset.usual;
    const values = formData.getAll(name).filter((value) => value instanceof File ? value.size : value.trim() && value !== usual);
    formData.delete(name);
    values.forEach((value) => formData.append(name, value));
  }
  if (!formData.has("minus") && !(formData.has("q") && formData.has("like"))) formData.delete("weight");
});

const weight = document.querySelector("[name=weight]");
weight?.addEventListener("input", () => {
  weight.nextElementSibling.value = `${Math.round(100 * weight.value)} %`;
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
  const like = asked.has("like") ? [`like ${asked.get("like").split("/").pop()}`] : [];
  const words = [...like, ...asked.getAll("q")].join(" + ") + asked.getAll("minus").map((one) => ` − ${one}`).join("");
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
