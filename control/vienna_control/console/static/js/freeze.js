// The form that freezes: everything, or what fits all that is named; and it says what before it is done.

const form = document.getElementById("freeze");

function read() {
  const all = form.elements.scope.value === "all";
  form.elements.tenant.disabled = !all;
  for (const name of ["agent", "action", "host"]) {
    const field = form.elements[name];
    field.disabled = all;
    field.closest(".field").hidden = all;
  }
  const named = ["agent", "action", "host"].map((name) => form.elements[name].value.trim() && `${name} ${form.elements[name].value.trim()}`).filter(Boolean);
  const level = form.elements.level.selectedOptions[0].textContent.toLowerCase();
  form.dataset.confirm = `${all ? "Everything" : named.join(" and ") || "Nothing is named yet"}: ${level}. At once, and until ${form.elements.duration.value === "indefinite" ? "two admins lift it" : `${form.elements.duration.selectedOptions[0].textContent} have gone by, or two admins lift it`}.`;
}

if (form) {
  form.addEventListener("input", read);
  form.addEventListener("vienna:sent", () => form.reset() ?? read());
  read();
}
