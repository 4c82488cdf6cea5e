// What may take a second person says in its answer whether it was done. The page is read anew either way: it says what
// waits for whom.
document.addEventListener("vienna:sent", ({ target: form, detail: { data } }) => {
  if (!form.matches("[data-step]")) return;
  if (data.change?.id) location.assign(`/console/policies/changes/${encodeURIComponent(data.change.id)}`);
  else location.reload();
});
