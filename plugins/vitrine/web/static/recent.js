// Recent searches, kept in this browser only.

const KEY = "vitrine-searches";
const MOST_REMEMBERED = 12;

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string" && one.startsWith("?")) : [];
  } catch {
    return [];
  }
}

export function remember() {
  if (!document.getElementById("count") || !location.search) return;
  const others = remembered().filter((one) => one !== location.search);
  try {
    localStorage.setItem(KEY, JSON.stringify([location.search, ...others].slice(0, MOST_REMEMBERED)));
  } catch {
    // No history in a browser that blocks storage.
  }
}

export function showHistory() {
  const section = document.getElementById("history");
  const others = remembered().filter((one) => one !== location.search);
  section.hidden = others.length === 0;
  section.querySelector("ul").replaceChildren(...others.map(chip));
}

function chip(search) {
  const asked = new URLSearchParams(search);
  const link = Object.assign(document.createElement("a"), { href: search, dir: "auto" });
  const like = asked.has("like") ? [`like ${asked.get("like").split("/").pop()}`] : [];
  const words = [...like, ...asked.getAll("q")].join(" + ") + asked.getAll("minus").map((one) => ` − ${one}`).join("");
  const below = asked.get("prefix") ? ` below ${asked.get("prefix")}` : "";
  link.textContent = words + below;
  const item = document.createElement("li");
  item.append(link);
  return item;
}

document.getElementById("forget").addEventListener("click", () => {
  localStorage.removeItem(KEY);
  document.getElementById("history").hidden = true;
  document.getElementById("q").focus();
});
