// The page Duplicates: marks, which stay in this browser, and their export.

import { copy, say } from "./common.js";
import { saveCsv } from "./csv.js";

const review = document.getElementById("review");
const STORE = `vitrine-duplicates-${review?.dataset.collection}`;
const HIDE = "hide";
const DUPLICATE = "duplicate", KEEP = "keep";

// { "<content> <uri>": mark }: a picture that was overwritten since has another content and no mark.
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

function write(marks) {
  try {
    localStorage.setItem(STORE, JSON.stringify(marks));
  } catch {
    say("This browser keeps no marks: its storage is blocked or full.");
  }
}

const groups = [...document.querySelectorAll(".group")];
const members = (group) => [...group.querySelectorAll("[data-mark]")];
const markOf = (member) => marks[member.dataset.mark];
const isDuplicate = (member) => markOf(member) === DUPLICATE;
let marks = looked();

// What is kept, without the marks of a group of duplicates alone: the picture that was to stay is gone.
function looked() {
  const kept = read();
  for (const group of groups) {
    const names = members(group).map(({ dataset }) => dataset.mark);
    if (names.every((name) => kept[name] === DUPLICATE)) for (const name of names) delete kept[name];
  }
  return kept;
}

// Only of what the server has just shown, with the contents that were marked: the list may be used to delete.
const duplicates = () => groups.flatMap(members).filter(isDuplicate);

function change(wanted) {
  marks = looked();  // another tab may have marked something
  for (const [member, mark] of wanted) {
    if (mark) marks[member.dataset.mark] = mark;
    else delete marks[member.dataset.mark];
  }
  write(marks);
  show();
}

function toggleDuplicate(group, member) {
  const chosen = new Set(members(group).filter(isDuplicate));
  if (!chosen.delete(member)) chosen.add(member);
  if (chosen.size === members(group).length) {
    say("One picture of a group has to stay.");
    return;
  }
  // Who has chosen the duplicates has also chosen what stays.
  change(members(group).map((one) => [one, chosen.has(one) ? DUPLICATE : chosen.size ? KEEP : null]));
}

function show() {
  for (const group of groups) {
    const all = members(group);
    for (const member of all) {
      member.classList.toggle("duplicate", isDuplicate(member));
      member.querySelector("[data-duplicate]").setAttribute("aria-pressed", isDuplicate(member));
    }
    group.classList.toggle("reviewed", all.every(markOf));
    group.querySelector("[data-keep]").setAttribute("aria-pressed", all.every((member) => markOf(member) === KEEP));
  }
  const count = duplicates().length;
  document.getElementById("marked").textContent = `${count} marked as duplicate${count === 1 ? "" : "s"}`;
  document.getElementById("uris").disabled = !count;
  document.getElementById("clear").disabled = !groups.flatMap(members).some(markOf);
}

function rowsOfGroups() {
  const rows = [["group", "uri", "distance", "bytes", "updated", "mark", "duplicate_of"]];
  const first = Number(document.querySelector(".groups").start);
  groups.forEach((group, number) => {
    const kept = members(group).find((member) => !isDuplicate(member));
    for (const member of members(group)) {
      const { uri, size, updated, distance } = member.dataset;
      const original = isDuplicate(member) ? kept.dataset.uri : "";
      rows.push([first + number, uri, distance, size, updated, markOf(member) ?? "", original]);
    }
  });
  return rows;
}

if (review) {
  review.hidden = false;
  for (const group of groups) {
    const keep = group.querySelector("[data-keep]");
    keep.hidden = false;
    keep.addEventListener("click", () => {
      const mark = keep.getAttribute("aria-pressed") === "true" ? null : KEEP;
      change(members(group).map((member) => [member, mark]));
    });
    for (const member of members(group)) {
      const button = member.querySelector("[data-duplicate]");
      button.hidden = false;
      button.addEventListener("click", () => toggleDuplicate(group, member));
    }
  }
  const hide = document.getElementById("hide");
  hide.checked = read()[HIDE] === true;
  const hideReviewed = () => document.body.classList.toggle("hiding", hide.checked);
  hide.addEventListener("change", () => {
    marks = { ...read(), [HIDE]: hide.checked };
    write(marks);
    hideReviewed();
  });
  hideReviewed();
  document.getElementById("uris").addEventListener("click", (event) => {
    copy(duplicates().map(({ dataset }) => dataset.uri).join("\n"), event.target);
  });
  document.getElementById("csv").addEventListener("click", () => saveCsv(rowsOfGroups(), `duplicates-${review.dataset.collection}.csv`));
  document.getElementById("clear").addEventListener("click", () => {
    change(groups.flatMap(members).map((member) => [member, null]));
  });
  show();
}
