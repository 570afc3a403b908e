import { expect, test } from "vitest";
import { durationOf, secondsOf, stepFor, timeOf } from "./times";

const NOW = new Date(2026, 10, 18, 15, 30, 20).getTime();
const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).getTime();

test.each([
  ["now", NOW],
  ["now-6h", NOW - 6 * 3_600_000],
  ["now-1d+2h", NOW - 22 * 3_600_000],
  ["now/d", at(2026, 10, 18)],
  ["now-1d/d", at(2026, 10, 17)],
  ["now/w", at(2026, 10, 16)],
  ["now-1M/M", at(2026, 9, 1)],
  ["2026-11-18T10:00:00Z", Date.UTC(2026, 10, 18, 10)],
  ["1795000000000", 1_795_000_000_000],
  ["yesterday", null],
])("%s is a moment", (text, moment) => {
  expect(timeOf(text, NOW)).toBe(moment);
});

test("where a day is the end of a range, its end is meant", () => {
  expect(timeOf("now/d", NOW, true)).toBe(at(2026, 10, 19) - 1);
});

test.each([
  [900, 400, 5],
  [21_600, 300, 120],
  [2_592_000, 400, 7_200],
])("%d seconds in at most %d points take a point each %d s", (seconds, most, step) => {
  expect(stepFor(seconds, most)).toBe(step);
});

test("durations are read and written", () => {
  expect(secondsOf("1h30m")).toBe(5_400);
  expect(secondsOf("soon")).toBe(null);
  expect(durationOf(90)).toBe("1m30s");
});
