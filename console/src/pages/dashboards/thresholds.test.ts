import { expect, test } from "vitest";
import { type Threshold, toneOf, toneOfColour } from "./thresholds";

const STEPS: Threshold[] = [
  { from: -Infinity, tone: "up" },
  { from: 80, tone: "degraded" },
  { from: 90, tone: "down" },
];

test.each([
  [79.9, "up"],
  [80, "degraded"],
  [1e9, "down"],
  [null, null],
  [Number.NaN, null],
])("%s is %s", (value, tone) => {
  expect(toneOf(value, STEPS, false, null, null)).toBe(tone);
});

test("percent are of the way from the least to the most", () => {
  expect(toneOf(180, STEPS, true, 100, 200)).toBe("degraded");
});

test("a single step judges nothing", () => {
  expect(toneOf(5, STEPS.slice(0, 1), false, null, null)).toBe(null);
});

test.each([
  ["green", "up"],
  ["semi-dark-orange", "degraded"],
  ["dark-red", "down"],
  ["#73BF69", "up"],
  ["#F2495C", "down"],
  ["rgba(237, 129, 40, 0.89)", "degraded"],
  ["#5794F2", "maintenance"],
  ["transparent", null],
])("the colour %s is %s", (colour, tone) => {
  expect(toneOfColour(colour)).toBe(tone);
});
