/** Moments in the viewer's zone, with UTC on hover, and how long ago they were. */

import { signal } from "@preact/signals";

const clock = signal(Date.now());
setInterval(() => (clock.value = Date.now()), 1_000);

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The server tells moments as ISO 8601, and lines of runs as seconds since 1970. */
export type At = string | number;

export function millisecondsOf(at: At): number {
  return typeof at === "number" ? at * 1_000 : Date.parse(at);
}

export function Moment({ at }: { at: At | null | undefined }) {
  if (at === null || at === undefined) return <span class="faint">never</span>;
  const date = new Date(millisecondsOf(at));
  const today = date.toDateString() === new Date(clock.value).toDateString();
  return (
    <time dateTime={date.toISOString()} title={utc(date)}>
      {today ? time.format(date) : `${day.format(date)}, ${time.format(date)}`}
    </time>
  );
}

/** Renewed each second. */
export function Ago({ at, ahead = "in " }: { at: At | null | undefined; ahead?: string }) {
  if (at === null || at === undefined) return <span class="faint">never</span>;
  const date = new Date(millisecondsOf(at));
  const seconds = (clock.value - date.getTime()) / 1_000;
  return (
    <time dateTime={date.toISOString()} title={`${date.toLocaleString()} · ${utc(date)}`}>
      {seconds < 0 ? ahead + duration(-seconds) : `${duration(seconds)} ago`}
    </time>
  );
}

/** For how long something has been so. Renewed each second. */
export function For({ since }: { since: At | null | undefined }) {
  if (since === null || since === undefined) return null;
  const date = new Date(millisecondsOf(since));
  const seconds = Math.max(0, (clock.value - date.getTime()) / 1_000);
  return (
    <time dateTime={date.toISOString()} title={utc(date)}>
      {duration(seconds)}
    </time>
  );
}

/** Two units at most: `3 d 4 h`, `12 min`, `8 s`, `120 ms`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

function utc(date: Date): string {
  return `${date.toISOString().replace("T", " ").slice(0, 19)} UTC`;
}
