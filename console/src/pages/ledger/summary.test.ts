import { expect, test } from "vitest";
import { summary } from "./summary";

test("what is not there is not said", () => {
  expect(summary({ reason: "killed", by: null, note: "" })).toBe("reason killed");
});

test("a list is said as it is", () => {
  expect(summary({ evidence: [1, 2], attempt: 3 })).toBe("evidence [1,2] · attempt 3");
});

test("a long one is cut, and says so", () => {
  expect(summary({ text: "x".repeat(500) })).toMatch(/^text x{154}…$/);
});
