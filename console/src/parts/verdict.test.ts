import { expect, test } from "vitest";
import type { Check, PlatformNow, Service } from "../api/types";
import { ownTroubles, verdictOf } from "./verdict";

const platform = {
  platform: "shop",
  state: "up",
  ledger: { waiting: 0, lost: 0, trouble: null },
  metrics: { problems: [], lost: 0, trouble: null },
  alerting: { trouble: null },
  runs: { stranded: [], trouble: null },
  hosts: [],
  drills: [],
  backups: [],
} as unknown as PlatformNow;

function service(name: string, state: Service["state"], checks: string[] = []): Service {
  return { name, state, phase: "running", since: "", message: "", checks } as unknown as Service;
}

function check(name: string, state: Check["state"], more: Partial<Check> = {}): Check {
  return { name, state, service: null, cause: null, message: "", conditions: [], ...more } as Check;
}

test("when all is well it says so with the number", () => {
  const services = { a: service("a", "up"), b: service("b", "up") };
  expect(verdictOf(platform, services, {}).text).toBe("All 2 services are up");
});

test("the service that is wrong by itself comes before those behind it", () => {
  const services = { front: service("front", "down", ["f"]), root: service("root", "down", ["r"]) };
  const checks = {
    f: check("f", "down", { cause: "r", message: "no answer" }),
    r: check("r", "down", { message: "connection refused" }),
  };
  const { text } = verdictOf({ ...platform, state: "down" }, services, checks);
  expect(text).toBe("root is down: connection refused; 1 more service is not up");
});

test("what is not about a service is told where all services are up", () => {
  const checks = { disk: check("disk", "degraded", { message: "91 % used" }) };
  const found = verdictOf({ ...platform, state: "degraded" }, { a: service("a", "up") }, checks);
  expect(found.text).toBe("The service is up, but disk is degraded: 91 % used");
});

test("maintenance is no trouble", () => {
  const services = { a: service("a", "up"), b: service("b", "up"), c: service("c", "maintenance") };
  expect(verdictOf(platform, services, {}).text).toBe("All 2 services are up; 1 in maintenance");
});

test("what troubles the watch itself names the room", () => {
  const full = { ...platform.ledger, trouble: "the disk is full" };
  expect(ownTroubles({ ...platform, ledger: full })).toEqual(["the ledger: the disk is full"]);
});
