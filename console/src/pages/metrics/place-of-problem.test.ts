import { expect, test } from "vitest";
import { placeOfProblem } from "./place-of-problem";

test("line and column become a character", () => {
  const message = 'invalid parameter "query": 2:3: parse error: unexpected end';
  expect(placeOfProblem("sum(\n  x", message)).toEqual({ what: "unexpected end", at: 7 });
});

test("a place behind the end is the end", () => {
  expect(placeOfProblem("up", "1:9: parse error: no").at).toBe(2);
});

test("words without a place stay as they are", () => {
  expect(placeOfProblem("up", "query timed out")).toEqual({ what: "query timed out", at: null });
});

test("the very first place is told where none is known", () => {
  expect(placeOfProblem("up + )", "1:1: parse error: no").at).toBe(null);
});
