// What there is to search is counted when somebody opens it: that is a query.

document.querySelector("[data-facets]")?.addEventListener("toggle", async ({ target: place }) => {
  const told = place.querySelector("[role=status]");
  if (!place.open || told.dataset.done) return;
  told.dataset.done = "yes";
  told.textContent = "counting …";
  try {
    const answer = await fetch(place.dataset.facets);
    if (answer.redirected || !answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error();
    told.innerHTML = await answer.text();
  } catch {
    told.textContent = "Counting failed. Reload the page.";
  }
});
