import { expect, test } from "vitest";
import { formatted, knowsUnit } from "./units";

test.each([
  [0.0042, "seconds", undefined, "4.2 ms"],
  [90, "s", undefined, "1.5 min"],
  [1, "s", undefined, "1 s"],
  [0, "s", undefined, "0 s"],
  [250, "ms", undefined, "250 ms"],
  [1536, "bytes", undefined, "1.5 KiB"],
  [1500, "decbytes", undefined, "1.5 kB"],
  [99.51, "percent", undefined, "99.51 %"],
  [0.9951, "percentunit", 2, "99.51 %"],
  [12345, "short", undefined, "12.35 K"],
  [12345, "", undefined, "12,345"],
  [3, "none", 2, "3.00"],
  [0.63012, "", undefined, "0.63"],
  [0.00012, "", undefined, "0.00012"],
  [0.000012, "", undefined, "1.20e-5"],
  [2.5, "reqps", undefined, "2.5 req/s"],
  [1_500_000, "Bps", undefined, "1.5 MB/s"],
  [7, "suffix: agents", undefined, "7 agents"],
  [7, "parsecs", undefined, "7 parsecs"],
  [1, "bool", undefined, "True"],
])("%d in %s with %s decimals is %s", (value, unit, decimals, text) => {
  expect(formatted(value, unit, decimals)).toBe(text);
});

test("what is not there is said, and is not nought", () => {
  expect(formatted(null, "s")).toBe("no value");
  expect(formatted(Number.NaN)).toBe("not a number");
  expect(formatted(Number.POSITIVE_INFINITY, "bytes")).toBe("∞");
});

test("a unit that nobody knows is known as such", () => {
  expect(knowsUnit("percentunit")).toBe(true);
  expect(knowsUnit("suffix: things")).toBe(true);
  expect(knowsUnit("parsecs")).toBe(false);
});
