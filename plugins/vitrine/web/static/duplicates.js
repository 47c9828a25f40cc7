// The page Duplicates: marks, which stay in this browser, and their export.

import { copy, say } from "./common.js";

const review = document.getElementById("review");
const STORE = `vitrine-duplicates-${review?.dataset.collection}`;
const HIDE = `${STORE}-hide`;
const DUPLICATE = "duplicate", KEEP = "keep";

// { "<content> <uri>": {mark, uri, of} }: a picture that was overwritten since has another content and is unmarked.
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

let marks = read();
const groups = [...document.querySelectorAll(".group")];
const members = (group) => [...group.querySelectorAll("[data-mark]")];
const markOf = (member) => marks[member.dataset.mark]?.mark;

// The picture that stays: the first that is not marked as a duplicate.
const original = (group) => members(group).find((member) => markOf(member) !== DUPLICATE);

function change(group, wanted) {
  marks = read();  // another tab may have marked something
  for (const [member, mark] of wanted) {
    if (mark) marks[member.dataset.mark] = { mark, uri: member.dataset.uri };
    else delete marks[member.dataset.mark];
  }
  const kept = original(group);
  for (const member of members(group)) {
    if (markOf(member) === DUPLICATE) marks[member.dataset.mark].of = kept.dataset.uri;
  }
  write(marks);
  show();
}

function toggleDuplicate(group, member) {
  const isDuplicate = markOf(member) === DUPLICATE;
  const others = members(group).filter((other) => other !== member);
  if (!isDuplicate && others.every((other) => markOf(other) === DUPLICATE)) {
    say("One picture of a group has to stay.");
    return;
  }
  // Who has chosen the duplicates has also chosen what stays.
  const left = isDuplicate ? others.filter((other) => markOf(other) === DUPLICATE) : [member, ...others.filter((other) => markOf(other) === DUPLICATE)];
  change(group, members(group).map((one) => [one, left.includes(one) ? DUPLICATE : left.length ? KEEP : null]));
}

function show() {
  for (const group of groups) {
    const all = members(group);
    for (const member of all) {
      const isDuplicate = markOf(member) === DUPLICATE;
      member.classList.toggle("duplicate", isDuplicate);
      member.querySelector("[data-duplicate]").setAttribute("aria-pressed", isDuplicate);
    }
    group.classList.toggle("reviewed", all.every(markOf));
    group.querySelector("[data-keep]").setAttribute("aria-pressed", all.every((member) => markOf(member) === KEEP));
  }
  const count = Object.values(marks).filter(({ mark }) => mark === DUPLICATE).length;
  document.getElementById("marked").textContent = `${count} marked as duplicate${count === 1 ? "" : "s"}`;
  document.getElementById("uris").disabled = document.getElementById("clear").disabled = !Object.keys(marks).length;
}

const field = (text) => `"${String(text).replaceAll('"', '""')}"`;

// Every picture on this page, and what is marked elsewhere.
function csv() {
  const rows = [["group", "uri", "distance", "bytes", "updated", "mark", "duplicate_of"]];
  const shown = new Set();
  const first = Number(document.querySelector(".groups").start);
  groups.forEach((group, number) => {
    for (const member of members(group)) {
      const { mark, uri, size, updated, distance } = member.dataset;
      shown.add(mark);
      rows.push([first + number, uri, distance, size, updated, marks[mark]?.mark ?? "", marks[mark]?.of ?? ""]);
    }
  });
  for (const [mark, { uri, mark: said, of }] of Object.entries(marks)) {
    if (!shown.has(mark)) rows.push(["", uri, "", "", "", said, of ?? ""]);
  }
  return rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

if (review) {
  review.hidden = false;
  for (const group of groups) {
    const keep = group.querySelector("[data-keep]");
    keep.hidden = false;
    keep.addEventListener("click", () => {
      const mark = keep.getAttribute("aria-pressed") === "true" ? null : KEEP;
      change(group, members(group).map((member) => [member, mark]));
    });
    for (const member of members(group)) {
      const button = member.querySelector("[data-duplicate]");
      button.hidden = false;
      button.addEventListener("click", () => toggleDuplicate(group, member));
    }
  }
  const hide = document.getElementById("hide");
  hide.checked = localStorage.getItem(HIDE) === "1";
  const hideReviewed = () => document.body.classList.toggle("hiding", hide.checked);
  hide.addEventListener("change", () => {
    localStorage.setItem(HIDE, hide.checked ? "1" : "");
    hideReviewed();
  });
  hideReviewed();
  document.getElementById("uris").addEventListener("click", (event) => {
    const uris = Object.values(marks).filter(({ mark }) => mark === DUPLICATE).map(({ uri }) => uri);
    copy(uris.join("\n"), event.target);
  });
  document.getElementById("csv").addEventListener("click", () => download(csv(), `duplicates-${review.dataset.collection}.csv`));
  document.getElementById("clear").addEventListener("click", () => {
    marks = {};
    write(marks);
    show();
  });
  show();
}
