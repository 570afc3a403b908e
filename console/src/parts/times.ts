/** Times as dashboards write them: `now-6h`, `now/d`, ISO 8601, or milliseconds since 1970. */

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const RELATIVE = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdwMy]))?$/;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];

/** Milliseconds since 1970; null for what is no time. `/d` goes to the beginning of the day in the
 * viewer's zone, or to its end. */
export function timeOf(text: string, now: number, end = false): number | null {
  const relative = RELATIVE.exec(text.replaceAll(" ", ""));
  if (relative) {
    const moved = [...relative[1]!.matchAll(/([+-]\d+)([smhdwMy])/g)].reduce(
      (at, [, count, unit]) => shifted(at, Number(count), unit!),
      now,
    );
    return relative[2] ? rounded(moved, relative[2], end) : moved;
  }
  const found = /^\d{10,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(found) ? null : found;
}

/** Seconds between two points, so that `most` points cover the time, as round as a clock's. */
export function stepFor(seconds: number, most: number, least = 1): number {
  const wanted = Math.max(seconds / most, least);
  return STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}

/** The length of `5m` or `1h30m` in seconds; null for what is none. */
export function secondsOf(text: string): number | null {
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * lengthOf(unit!), 0);
}

/** The other way round: `90` is `1m30s`. */
export function durationOf(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1_000))}ms`;
  let left = Math.round(seconds);
  const parts = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const;
  return parts
    .map(([unit, worth]) => {
      const count = Math.floor(left / worth);
      left -= count * worth;
      return count > 0 ? `${count}${unit}` : "";
    })
    .join("");
}

function lengthOf(unit: string): number {
  if (unit === "ms") return 0.001;
  return unit === "y" ? 365 * 86_400 : UNITS[unit]! / 1_000;
}

/** Months and years are as long as they are. */
function shifted(at: number, count: number, unit: string): number {
  const length = UNITS[unit];
  if (length !== undefined) return at + count * length;
  const date = new Date(at);
  if (unit === "M") date.setMonth(date.getMonth() + count);
  else date.setFullYear(date.getFullYear() + count);
  return date.getTime();
}

function rounded(at: number, unit: string, end: boolean): number {
  const date = new Date(at);
  const order = ["y", "M", "d", "h", "m", "s"];
  const kept = unit === "w" ? "d" : unit;
  const from = order.indexOf(kept);
  if (from < 1) date.setMonth(0);
  if (from < 2) date.setDate(1);
  if (from < 3) date.setHours(0);
  if (from < 4) date.setMinutes(0);
  if (from < 5) date.setSeconds(0);
  date.setMilliseconds(0);
  // Weeks begin on Monday, ISO 8601.
  if (unit === "w") date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  return end ? shifted(date.getTime(), 1, unit) - 1 : date.getTime();
}
