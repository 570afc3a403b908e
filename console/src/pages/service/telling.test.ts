import { expect, test } from "vitest";
import type { Check } from "../../api/types";
import { telling } from "./telling";

function check(name: string, measurements: Check["measurements"]): Check {
  return { name, measurements } as Check;
}

test("a check that measures how long an answer takes comes first", () => {
  const process = check("process", { cpu_percent: 1, threads: 2, memory_bytes: 3 });
  expect(telling([process, check("health", { latency_seconds: 0.1 })])).toEqual([
    "health",
    "process",
  ]);
});

test("a check that measured no number is left out", () => {
  expect(telling([check("words", { health: "ok" }), check("none", {})])).toEqual([]);
});
