// How much of each warrant's life is left, as a bar that runs out.

function run() {
  const now = Date.now();
  for (const bar of document.querySelectorAll("meter[data-until]")) {
    const from = Date.parse(bar.dataset.from);
    const until = Date.parse(bar.dataset.until);
    bar.value = Math.max(0, (until - now) / (until - from));
  }
}

run();
setInterval(run, 1000);
document.addEventListener("htmx:after:swap", run);
