import { expect, test } from "vitest";
import type { Variable } from "./model";
import { ALL, type Chosen, inExpression, inWords, type Scope } from "./variables";

const ONE: Variable = {
  name: "one",
  label: "",
  kind: "custom",
  hidden: false,
  query: "",
  pattern: "",
  choices: [],
  many: false,
  all: false,
  allValue: "",
  chosen: [],
  sort: 0,
};
const choices = ["a.b", "c"].map((value) => ({ text: value, value }));
const MANY = { ...ONE, name: "many", many: true, all: true, choices };

function scope(...chosen: Chosen[]): Scope {
  const byName = new Map(chosen.map((each) => [each.variable.name, each]));
  return { chosen: byName, from: 0, to: 3_600_000, step: 15 };
}

test.each([
  ['up{x="$one"}', 'up{x="v"}'],
  ["${one}_total", "v_total"],
  ["[[one]]", "v"],
  ["$unknown", "$unknown"],
  ["$one_total", "$one_total"],
  ["rate(x[$__rate_interval])", "rate(x[1m])"],
  ["rate(x[$__interval])", "rate(x[15s])"],
  ["x[$__range]", "x[3600s]"],
])("%s becomes %s", (text, expected) => {
  expect(inExpression(text, scope({ variable: ONE, values: ["v"] }))).toBe(expected);
});

test("several values become an alternative in a regular expression", () => {
  const chosen = { variable: MANY, values: ["a.b", "c"] };
  expect(inExpression('up{x=~"$many"}', scope(chosen))).toBe('up{x=~"(a\\\\.b|c)"}');
});

test("one of several values stands alone", () => {
  expect(inExpression("$many", scope({ variable: MANY, values: ["c"] }))).toBe("c");
});

test("all are all that there are", () => {
  expect(inExpression("$many", scope({ variable: MANY, values: [ALL] }))).toBe("(a\\\\.b|c)");
});

test("all are what the dashboard says for all", () => {
  const variable = { ...MANY, allValue: ".*" };
  expect(inExpression("$many", scope({ variable, values: [ALL] }))).toBe(".*");
});

test.each([
  ["${many:pipe}", "a.b|c"],
  ["${many:csv}", "a.b,c"],
  ["${many:regex}", "(a\\\\.b|c)"],
  ["${many:json}", '["a.b","c"]'],
])("%s is written as %s", (text, expected) => {
  expect(inExpression(text, scope({ variable: MANY, values: [ALL] }))).toBe(expected);
});

test("in words several values are a list", () => {
  expect(inWords("of $many", scope({ variable: MANY, values: ["a.b", "c"] }))).toBe("of a.b, c");
});
