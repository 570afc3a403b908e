import { expect, test } from "vitest";
import type { Alert } from "../../api/types";
import { grouped } from "./groups";

const alert = (fingerprint: string) => ({ fingerprint, starts_at: "2026-01-01" }) as Alert;
const routed = [
  { receiver: { name: "team" }, labels: { a: "b" }, alerts: [alert("x"), alert("y")] },
];

test("alerts are in the groups as they were routed", () => {
  const [group] = grouped(routed, { x: alert("x"), y: alert("y") });
  expect(group?.receiver).toBe("team");
  expect(group?.alerts.map((each) => each.fingerprint)).toEqual(["x", "y"]);
});

test("what has ended since is left out, and a group without alerts with it", () => {
  expect(grouped(routed, {})).toEqual([]);
});

test("what has begun since comes first, without a receiver", () => {
  const [first, second] = grouped(routed, { x: alert("x"), z: alert("z") });
  expect([first?.receiver, first?.alerts[0]?.fingerprint]).toEqual(["", "z"]);
  expect(second?.receiver).toBe("team");
});
