import { expect, test } from "vitest";
import type { Parameter } from "../../api/types";
import { asGiven, firstValues, refusedValues, wrongValues } from "./parameters";

const one = (more: Partial<Parameter>): Parameter => ({
  type: "text",
  description: "",
  default: null,
  minimum: null,
  maximum: null,
  choices: [],
  pattern: null,
  longest: 1000,
  ...more,
});

const said = (parameter: Parameter, text: string) =>
  wrongValues({ p: parameter }, { p: text }, ["api", "auth"])["p"];

test("a value that is missing and has no default is asked for", () => {
  expect(said(one({ type: "service" }), "")).toBe("give it: it has no default");
});

test("a value that is missing and has a default is left to it", () => {
  const parameters = { p: one({ type: "integer", default: 3 }) };
  expect(said(parameters.p, "")).toBeUndefined();
  expect(asGiven(parameters, { p: "" })).toEqual({});
});

test("a number outside its bounds names the bound", () => {
  const size = one({ type: "integer", minimum: 1, maximum: 16 });
  expect(said(size, "17")).toBe("at most 16");
  expect(said(size, "0")).toBe("at least 1");
  expect(said(size, "1.5")).toBe("write a whole number");
  expect(said(size, "16")).toBeUndefined();
});

test("a duration wants its unit", () => {
  expect(said(one({ type: "duration" }), "30")).toContain("unit");
  expect(said(one({ type: "duration" }), "1h30m")).toBeUndefined();
});

test("a service has to be one of the book's", () => {
  expect(said(one({ type: "service" }), "apis")).toBe("one of api, auth");
});

test("a secret is told by where it is", () => {
  expect(said(one({ type: "secret" }), "hunter2")).toContain("env:NAME");
});

test("a text has to match as a whole, and is not longer than it may be", () => {
  const word = one({ pattern: "[a-z]+", longest: 4 });
  expect(said(word, "abc1")).toBe("it must match [a-z]+");
  expect(said(word, "abcde")).toBe("at most 4 characters");
});

test("a pattern that a browser does not know is left to the server", () => {
  expect(said(one({ pattern: "(?P<a>x)" }), "y")).toBeUndefined();
});

test("numbers and booleans are sent as such", () => {
  const parameters = { n: one({ type: "number" }), b: one({ type: "boolean" }), t: one({}) };
  expect(asGiven(parameters, { n: "1.5", b: "true", t: "" })).toEqual({ n: 1.5, b: true, t: "" });
});

test("fields begin with the defaults", () => {
  expect(firstValues({ a: one({ default: 3 }), b: one({}) })).toEqual({ a: "3", b: "" });
});

test("what the server refused goes to the fields that it is about", () => {
  const detail = "parameter a: unknown (got 'x'): one of y; z; parameter b: too great (got 9)";
  expect(refusedValues(detail)).toEqual({
    a: "unknown (got 'x'): one of y; z",
    b: "too great (got 9)",
  });
});

test("what is about no parameter is about no field", () => {
  expect(refusedValues("the reason is missing")).toEqual({});
});
