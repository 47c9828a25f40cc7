// The next pictures, as one scrolls. Without this script a link leads to them.

import { say } from "./common.js";

// Asked for before the end is in sight.
const AHEAD = "800px";
const SKELETONS = 8;
const SETTLED_MILLISECONDS = 200;
const LIST = "li[data-uri]";

let list;
let loading = null;

// The next pictures have come, or there are none. One request at a time, whoever asks.
export function more(cache = "default") {
  loading ??= load(cache).finally(() => (loading = null));
  return loading;
}

async function load(cache) {
  const link = document.querySelector("#next a");
  if (!link) return;
  const skeletons = Array.from({ length: SKELETONS }, skeleton);
  list.append(...skeletons);
  try {
    const answer = await fetch(link.href, { cache, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const problem = page.querySelector(".problem");
    if (answer.redirected || !page.querySelector("#count")) throw new Error(problem?.textContent ?? "Reload the page.");
    const shown = new Set([...list.querySelectorAll(LIST)].map((picture) => picture.dataset.uri));
    const fresh = [...page.querySelectorAll(`#pictures > ${LIST}`)].filter(({ dataset }) => !shown.has(dataset.uri));
    list.append(...fresh.map((picture) => document.adoptNode(picture)));
    const next = page.querySelector("#next a");
    if (next) link.setAttribute("href", next.getAttribute("href"));
    else document.getElementById("next").remove();
    count();
    list.dispatchEvent(new CustomEvent("more", { detail: fresh }));
  } catch (error) {
    told(link, error.message);
  } finally {
    for (const one of skeletons) one.remove();
  }
}

function skeleton() {
  const item = Object.assign(document.createElement("li"), { className: "skeleton" });
  item.setAttribute("aria-hidden", "true");
  return item;
}

function count() {
  const folded = list.querySelectorAll(".near li").length;
  const text = `${list.querySelectorAll(LIST).length} pictures` + (folded ? ` and ${folded} near-identical` : "");
  document.querySelector("#count strong").textContent = text;
  say(text);
}

// What failed is not tried again by scrolling, only by a click.
function told(link, reason) {
  link.closest("p").dataset.failed = "";
  link.textContent = `More pictures did not come. ${reason} Try again`;
  say(link.textContent);
}

export function keepScrolling(pictures) {
  list = pictures;
  const place = document.getElementById("next");
  if (!place) return;
  const watcher = new IntersectionObserver(
    async ([seen]) => {
      if (!seen.isIntersecting || "failed" in place.dataset) return;
      await more();
      // It may still be in sight, which is no news to the watcher.
      watcher.unobserve(place);
      if (place.isConnected) watcher.observe(place);
    },
    { root: document, rootMargin: `0px 0px ${AHEAD}` },
  );
  // Not before somebody scrolls: the next pictures are a job that is billed.
  document.addEventListener("scroll", () => watcher.observe(place), { once: true });
  place.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    delete place.dataset.failed;
    place.querySelector("a").textContent = "More pictures";
    more();
  });
}

// Back to a page is back to what was seen there: as many pictures, from the browser's own copy where it has one, so that
// no job is paid again, and the same place.
export async function restore(pictures) {
  list = pictures;
  history.scrollRestoration = "manual";
  const { pictures: seen = 0, y = 0 } = history.state ?? {};
  while (list.querySelectorAll(LIST).length < seen && document.querySelector("#next:not([data-failed]) a")) {
    await more("force-cache");
  }
  window.scrollTo(0, y);
  let settled;
  const note = () => {
    const now = { ...history.state, pictures: list.querySelectorAll(LIST).length, y: window.scrollY };
    history.replaceState(now, "");
  };
  document.addEventListener("scroll", () => {
    clearTimeout(settled);
    settled = setTimeout(note, SETTLED_MILLISECONDS);
  });
  document.addEventListener("click", note, { capture: true });
}
