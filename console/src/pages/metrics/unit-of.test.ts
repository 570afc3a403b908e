import { expect, test } from "vitest";
import { unitOf } from "./unit-of";

test.each([
  ["process_resident_memory_bytes", "bytes"],
  ['request_duration_seconds{job="a"}', "seconds"],
  ["process_start_time_seconds", ""],
  ["rate(process_cpu_seconds_total[5m])", ""],
  ["a_bytes / b_seconds", ""],
])("%s is in %j", (expression, unit) => {
  expect(unitOf(expression)).toBe(unit);
});
