// What comes in above moves nothing that somebody writes in, or has their pointer on: the page scrolls by as much. A
// browser does so by itself, but not at the top of a page, and not everywhere.

const main = document.getElementById("main");
let held = null;

document.documentElement.classList.add("held");

document.addEventListener("htmx:before:swap", () => {
  const under = main.querySelector(":is(input, select, textarea):focus") ?? [...main.querySelectorAll(":hover")].at(-1);
  held = under ? { under, top: under.getBoundingClientRect().top } : null;
});

document.addEventListener("htmx:after:swap", () => {
  if (held?.under.isConnected) scrollBy({ top: held.under.getBoundingClientRect().top - held.top, behavior: "instant" });
});
