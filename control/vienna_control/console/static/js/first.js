// Before anything is drawn. No form is sent by the browser itself, with a password or a code in an address, while the
// script that sends it has not come: only one that names a method. And the theme that was chosen here, if one was.
addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("method")) event.preventDefault();
}, true);
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
