// What there is to search is counted when somebody opens it: that is a query.

import { fill } from "./common.js";

document.querySelector("[data-facets]")?.addEventListener("toggle", ({ target: place }) => {
  const told = place.querySelector("[role=status]");
  if (!place.open || told.dataset.done) return;
  told.dataset.done = "yes";
  fill(told, place.dataset.facets);
});
