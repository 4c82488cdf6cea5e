// A day is asked for as the instant when it begins here.

document.addEventListener("change", ({ target }) => {
  const place = target.dataset?.instant;
  if (place) target.form.elements.namedItem(place).value = target.value ? new Date(`${target.value}T00:00:00`).toISOString() : "";
});
