import { expect, test } from "vitest";
import { joined, lonely, stacked, summary } from "./data";

const series = (name: string, times: number[], values: (number | null)[]) => ({
  name,
  times,
  values,
});

test("a time that only one series has is no gap in the other", () => {
  const [times, a, b] = joined([series("a", [1, 3], [1, 3]), series("b", [2], [2])]);
  expect(times).toEqual([1, 2, 3]);
  expect(a).toEqual([1, undefined, 3]);
  expect(b).toEqual([undefined, 2, undefined]);
});

test("null stays a gap, and so does what no line can be drawn to", () => {
  const [, a] = joined([series("a", [1, 2, 3], [1, null, Number.POSITIVE_INFINITY])]);
  expect(a).toEqual([1, null, null]);
});

test("a stack adds up, over what is missing", () => {
  const [, ...columns] = stacked([
    [1, 2],
    [1, null],
    [10, 20],
  ]);
  expect(columns).toEqual([
    [1, null],
    [11, 20],
  ]);
});

test("the last value is the last that is known", () => {
  expect(summary([3, 1, 2, null])).toEqual({ last: 2, min: 1, max: 3 });
});

test("nothing known is summed up as nothing", () => {
  expect(summary([null])).toEqual({ last: null, min: null, max: null });
});

test("a point between gaps is alone, others are not", () => {
  expect(lonely([1, null, 2, undefined, null, 3, 4])).toEqual([0, 2]);
});

test("the only point is alone", () => {
  expect(lonely([undefined, 7])).toEqual([1]);
});
