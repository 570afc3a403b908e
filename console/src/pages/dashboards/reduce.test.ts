import { expect, test } from "vitest";
import { reduced } from "./reduce";

test.each([
  ["lastNotNull", 2],
  ["last", null],
  ["first", 4],
  ["mean", 3],
  ["sum", 6],
  ["min", 2],
  ["max", 4],
  ["range", 2],
  ["count", 3],
  ["diff", -2],
  ["delta", 2],
])("%s of 4, 2 and nothing is %s", (calculation, value) => {
  expect(reduced([4, 2, null], calculation)).toBe(value);
});

test.each(["lastNotNull", "mean", "sum", "min", "max", "range"])(
  "%s of nothing is nothing",
  (calculation) => {
    expect(reduced([null], calculation)).toBe(null);
  },
);
