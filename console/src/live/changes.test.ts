import { expect, test } from "vitest";
import { changed } from "./changes";

const topics = { checks: { a: 1, b: 2 }, alerts: { x: 1 } };

test("an item that is set replaces the one before, and the others stay", () => {
  const next = changed(topics, { kind: "change", seq: 2, at: "", set: { checks: { a: 3 } } });
  expect(next["checks"]).toEqual({ a: 3, b: 2 });
});

test("an item that is gone is gone", () => {
  const next = changed(topics, { kind: "change", seq: 2, at: "", gone: { alerts: ["x"] } });
  expect(next["alerts"]).toEqual({});
});

test("a topic that did not change is the same object, so that nobody draws it again", () => {
  const next = changed(topics, { kind: "change", seq: 2, at: "", set: { checks: { a: 3 } } });
  expect(next["alerts"]).toBe(topics.alerts);
});

test("a topic that was not known before begins with its first item", () => {
  const next = changed({}, { kind: "change", seq: 1, at: "", set: { runs: { r: 1 } } });
  expect(next["runs"]).toEqual({ r: 1 });
});
