/** Which checks have measurements to draw, those that tell most first. */

import type { Check } from "../../api/types";

/** By how many numbers the last look measured; what it waits for an answer comes before all. */
export function telling(checks: readonly Check[]): string[] {
  const worth = (check: Check) =>
    numbers(check) + ("latency_seconds" in check.measurements ? 100 : 0);
  return checks
    .filter((each) => numbers(each) > 0)
    .sort((a, b) => worth(b) - worth(a))
    .map((each) => each.name);
}

function numbers(check: Check): number {
  return Object.values(check.measurements).filter((each) => typeof each === "number").length;
}
