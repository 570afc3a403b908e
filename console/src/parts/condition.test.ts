import { expect, test } from "vitest";
import { conditionText, ruleText } from "./condition";

const latency = {
  measurement: "latency_seconds",
  rule: "≤ 0.2 else degraded, ≤ 1 else down",
  actual: 0.812,
  state: "degraded",
} as const;

test("a condition tells what was found and the limit that was passed", () => {
  expect(conditionText(latency)).toBe("latency 812 ms, at most 200 ms");
});

test("the limit whose state was reached is the one that was passed", () => {
  expect(conditionText({ ...latency, actual: 3, state: "down" })).toBe("latency 3 s, at most 1 s");
});

test("what was not measured is said to be so", () => {
  expect(conditionText({ ...latency, actual: null, state: "unknown" })).toBe(
    "latency not measured, at most 200 ms",
  );
});

test("a text is compared as it is", () => {
  const found = {
    measurement: "health",
    rule: "= ok else degraded",
    actual: "bad",
    state: "degraded",
  };
  expect(conditionText(found as unknown as typeof latency)).toBe("health bad, must be ok");
});

test("a rule tells all its limits and what follows", () => {
  expect(ruleText(latency)).toBe("at most 200 ms, or it is degraded; at most 1 s, or it is down");
});

test("a count has no unit", () => {
  const count = { measurement: "count", rule: "≥ 1", actual: 0, state: "down" } as const;
  expect(conditionText(count)).toBe("count 0, at least 1");
});
