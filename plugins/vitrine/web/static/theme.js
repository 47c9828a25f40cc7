// Light or dark, like Airflow around the page; outside Airflow's frame, the last theme seen, else the system's.
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
    // Storage or the outer page may be inaccessible: the style sheet then follows the system.
  }
})();
