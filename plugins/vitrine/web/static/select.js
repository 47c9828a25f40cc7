// Pictures that a person picks, from one search or many, to take along as a file. Kept until the tab is closed.

import { copy, say } from "./common.js";
import { saveCsv } from "./csv.js";

const KEY = `vitrine-selection ${location.pathname}`;
const COLUMNS = ["uri", "name", "distance", "query"];

const button = document.getElementById("select");
let selected = new Map();
try {
  selected = new Map(JSON.parse(sessionStorage.getItem(KEY) ?? "[]").map((one) => [one.uri, one]));
} catch {
  // Nothing is kept, or what is kept is not ours.
}

export function prepare(pictures) {
  const { query } = pictures.dataset;
  const offer = (picture) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: selected.has(picture.dataset.uri) });
    box.setAttribute("aria-label", `Select ${picture.dataset.name}`);
    const label = Object.assign(document.createElement("label"), { className: "tick" });
    label.append(box);
    picture.append(label);
    picture.classList.toggle("selected", box.checked);
  };
  for (const picture of pictures.querySelectorAll("li[data-uri]")) offer(picture);
  pictures.addEventListener("more", ({ detail }) => detail.forEach(offer));
  // While pictures are selected, a click on one is for that.
  pictures.addEventListener(
    "click",
    (event) => {
      if (!isOn() || !event.target.closest("a.picture")) return;
      event.preventDefault();
      event.stopPropagation();
      event.target.closest("li").querySelector(".tick input").click();
    },
    { capture: true },
  );
  button.hidden = false;
  button.addEventListener("click", () => turn(!isOn()));
  pictures.addEventListener("change", ({ target }) => {
    const picture = target.closest("li");
    const { uri, name, distance } = picture.dataset;
    picture.classList.toggle("selected", target.checked);
    if (target.checked) selected.set(uri, { uri, name, distance, query });
    else selected.delete(uri);
    show();
  });
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("copy-uris").addEventListener("click", ({ target }) => copy([...selected.keys()].join("\n"), target));
  document.getElementById("deselect").addEventListener("click", () => {
    selected.clear();
    turn(false);
    for (const picture of pictures.querySelectorAll(".selected")) {
      picture.classList.remove("selected");
      picture.querySelector(".tick input").checked = false;
    }
    show();
  });
  show();
}

const isOn = () => button.getAttribute("aria-pressed") === "true";

function turn(on) {
  button.setAttribute("aria-pressed", on);
  document.body.classList.toggle("selecting", on || selected.size > 0);
}

function show() {
  const bar = document.getElementById("selection");
  const text = `${selected.size} selected`;
  bar.hidden = selected.size === 0;
  bar.querySelector("p").textContent = text;
  turn(isOn());
  if (selected.size) say(text);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...selected.values()]));
  } catch {
    // Kept on this page only.
  }
}

function save() {
  const rows = [...selected.values()].map((one) => COLUMNS.map((column) => one[column]));
  saveCsv([COLUMNS, ...rows], "pictures.csv");
}
