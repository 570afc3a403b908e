/** Why a service or a check is not up, in a line. */

import type { Check, Service } from "../api/types";
import { conditionText } from "./condition";
import { byState } from "./state";

type Checks = Readonly<Record<string, Check>>;

export interface Reason {
  text: string;
  /** The failing check that it is behind. */
  cause: string | null;
  since: string;
}

/** Those of its checks that are not up: what is wrong with itself first, then the worst. */
export function failing(service: Service, checks: Checks): Check[] {
  return service.checks
    .flatMap((name) => checks[name] ?? [])
    .filter((each) => each.state !== "up")
    .sort((a, b) => Number(a.cause !== null) - Number(b.cause !== null) || byState(a, b));
}

export function reasonOf(service: Service, checks: Checks): Reason {
  const [first] = failing(service, checks);
  const told = first ? checkReason(first) : "";
  const runs = service.phase === "running";
  return {
    text: (runs ? told || service.message : service.message || told) || service.phase,
    cause: first?.cause ?? null,
    since: (runs && first?.since) || service.since,
  };
}

/** The condition that failed with its value, or what the look said. */
export function checkReason(check: Check): string {
  const failed =
    check.conditions.find((each) => each.state === check.state) ??
    check.conditions.find((each) => each.state !== "up");
  return failed ? conditionText(failed) : check.message || `${check.name} is ${check.state}`;
}
