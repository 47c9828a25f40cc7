// Light or dark, as Airflow shows itself now; outside of Airflow's frame as it was last set, or as the system is.
"use strict";
(() => {
  const page = document.documentElement;
  const airflow = window.parent === window ? null : window.parent.document.documentElement;
  const show = () => {
    const theme = airflow?.style.colorScheme || localStorage.getItem("theme");
    page.style.colorScheme = theme === "light" || theme === "dark" ? theme : "light dark";
  };
  try {
    show();
    if (airflow) new MutationObserver(show).observe(airflow, { attributeFilter: ["style", "class"] });
  } catch {
    // Storage or the outer page may be out of reach: the system decides, as the style sheet says.
  }
})();
