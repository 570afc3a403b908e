import { expect, test } from "vitest";
import { aboutOf, type Entry, sortOf, wordsOf } from "./entry-words";

const entry = (kind: string, body: Record<string, unknown> = {}, subject = "api"): Entry => ({
  seq: 1,
  at: "2026-01-01T00:00:00Z",
  kind,
  subject,
  actor: "ada",
  body,
});

test("a check that is well again verifies, one that is not troubles", () => {
  expect(sortOf(entry("check.changed", { after: "up" }))).toBe("verification");
  expect(sortOf(entry("check.changed", { after: "down" }))).toBe("trouble");
});

test("a run that failed troubles", () => {
  expect(sortOf(entry("run.ended", { state: "failed" }))).toBe("trouble");
  expect(sortOf(entry("run.ended", { state: "succeeded" }))).toBe("verification");
});

test("a step says what proved it", () => {
  const body = { step: "restart", before: "pid 1", after: "pid 2", verified_by: ["check api"] };
  expect(wordsOf(entry("run.step_done", body))).toBe(
    "restart is done: pid 1 → pid 2, proven by check api",
  );
});

test("an alert is about its name, an incident about nothing else", () => {
  const labels = { alertname: "CheckDown" };
  expect(aboutOf(entry("alert.firing", { labels }))).toBe("CheckDown");
  expect(aboutOf(entry("incident.noted", {}, "INC-1"))).toBe("");
});

test("what has no words yet says all that it holds", () => {
  expect(wordsOf(entry("new.kind", { a: 1, b: null }))).toBe("new.kind a=1");
});
