// Instants, in the reader's zone: absolute, and how long ago or how long until. On paper nothing is ago: the instant and
// its zone.

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const absolute = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "medium" });
const ofDay = new Intl.DateTimeFormat("sv", { timeStyle: "medium" });
const ofMinute = new Intl.DateTimeFormat("sv", { timeStyle: "short" });
const date = new Intl.DateTimeFormat("sv", { dateStyle: "short" });
const two = "2-digit";
const exact = new Intl.DateTimeFormat("sv", { year: "numeric", month: two, day: two, hour: two, minute: two, second: two, timeZoneName: "short" });
const full = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long" });

function ago(seconds) {
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS[3];
  return relative.format(Math.trunc(seconds / size), unit);
}

function left(seconds) {
  if (seconds <= 0) return "over";
  const whole = Math.floor(seconds);
  if (whole >= 86400) return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min` : `${whole} s`;
}

const short = (at, words) => (date.format(at) === date.format(new Date()) ? "" : `${date.format(at).slice(5)} `) + words.format(at);

/** A stretch of time. */
export const between = (from, to) => {
  const words = to - from < 60_000 ? ofDay : ofMinute;
  return `${short(from, words)} – ${words.format(to)}`;
};

const STYLES = {
  both: (at, seconds) => `${absolute.format(at)} · ${ago(seconds)}`,
  day: (at) => date.format(at),
  clock: (at) => (date.format(at) === date.format(new Date()) ? ofDay.format(at) : `${date.format(at).slice(5)} ${ofDay.format(at).slice(0, 5)}`),
  minute: (at) => short(at, ofMinute),
  ago: (at, seconds) => ago(seconds),
  left: (at, seconds) => left(seconds),
};

const ON_PAPER = { day: STYLES.day, left: STYLES.left, both: (at) => exact.format(at) };
const paper = matchMedia("print");
paper.addEventListener("change", () => show(document));

export function show(root) {
  const now = Date.now();
  const styles = paper.matches ? ON_PAPER : STYLES;
  for (const time of root.querySelectorAll("time[data-show]")) {
    const at = new Date(time.dateTime);
    const text = (styles[time.dataset.show] ?? styles.both)(at, (at - now) / 1000);
    if (time.textContent !== text) time.textContent = text;
    time.title ||= full.format(at);
  }
}
