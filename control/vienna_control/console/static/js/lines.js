/** Selects a line of a text area (the first is 1), wherever it is folded away. */
export function selectLine(area, number) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  area.closest("details")?.setAttribute("open", "");
  area.focus();
  area.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
}
