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
