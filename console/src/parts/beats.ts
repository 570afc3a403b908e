/** What there is to say about the bars of a time. */

import type { Tone } from "./state";

const DAY = 86_400_000;
const TROUBLE: ReadonlySet<Tone> = new Set(["down", "degraded", "late"]);

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export function isTrouble(state: Tone): boolean {
  return TROUBLE.has(state);
}

/** Bars in trouble that follow each other are one trouble. */
export function troubles(bars: readonly { state: Tone }[]): number {
  return bars.filter(
    ({ state }, index) => isTrouble(state) && !isTrouble(bars[index - 1]?.state ?? "up"),
  ).length;
}

/** `99.2 % up, 2 troubles; 40 % measured`. */
export function summary(bars: readonly { state: Tone }[], percent: number | null): string {
  const count = troubles(bars);
  const told = count === 0 ? "no trouble" : count === 1 ? "1 trouble" : `${count} troubles`;
  if (percent === null) return "not measured";
  const known = bars.filter(({ state }) => state !== "unknown").length / bars.length;
  const part = known < 1 ? `; ${Math.round(known * 100)} % measured` : "";
  return `${percentText(percent)} up, ${told}${part}`;
}

/** Never rounded up to 100. */
export function percentText(percent: number): string {
  const digits = percent >= 99 && percent < 100 ? 100 : 10;
  return `${Math.floor(percent * digits) / digits} %`;
}

/** `24 h`, `7 d`. */
export function periodName(start: string, end: string): string {
  const days = Math.round((Date.parse(end) - Date.parse(start)) / DAY);
  return days <= 1 ? "24 h" : `${days} d`;
}

/** Milliseconds since 1970 at which a bar begins and ends. */
export function barSpan(
  start: string,
  end: string,
  count: number,
  index: number,
): [number, number] {
  const from = Date.parse(start);
  const width = (Date.parse(end) - from) / count;
  return [from + index * width, from + (index + 1) * width];
}

/** `Sat 21 Nov, 14:00 to 14:24`. */
export function barName(start: string, end: string, count: number, index: number): string {
  return spanName(...barSpan(start, end, count, index));
}

export function spanName(from: number, until: number): string {
  const sameDay = new Date(from).toDateString() === new Date(until).toDateString();
  return `${dated.format(from)} to ${(sameDay ? clock : dated).format(until)}`;
}
