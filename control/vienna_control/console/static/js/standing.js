// A bound means that the parameter is there: what says "must not be there" follows what is written beside it. And what
// would be covered is shown from the start.

const form = document.getElementById("standing");

form?.addEventListener("input", (event) => {
  const row = event.target.closest("tr");
  const may = row?.querySelector("select");
  if (may && event.target !== may && event.target.value && may.value === "") may.value = "false";
});

form?.dispatchEvent(new Event("input", { bubbles: true }));
