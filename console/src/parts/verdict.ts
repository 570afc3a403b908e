/** How the platform stands, in a sentence. */

import type { Check, PlatformNow, Service } from "../api/types";
import { checkReason, reasonOf } from "./reason";
import { byState, type Tone } from "./state";

type Named<T> = Readonly<Record<string, T>>;

export interface Verdict {
  state: Tone;
  text: string;
}

export function verdictOf(
  platform: PlatformNow,
  services: Named<Service>,
  checks: Named<Check>,
): Verdict {
  const { state } = platform;
  const wrong = notUp(services, checks);
  const [first] = wrong;
  if (first) {
    const { text: why, cause } = reasonOf(first, checks);
    const text = `${first.name} is ${first.state}: ${why}${cause ? `, behind ${cause}` : ""}`;
    return { state, text: text + andMore(wrong.length - 1) };
  }
  const well = allUp(services, checks);
  const [other] = state === "up" ? [] : otherTroubles(platform, checks);
  return { state, text: other ? `${well}, but ${other}` : well };
}

/** What is wrong with itself first, then the worst; what people are at work on does not count. */
export function notUp(services: Named<Service>, checks: Named<Check>): Service[] {
  const behind = (each: Service) => Number(reasonOf(each, checks).cause !== null);
  return Object.values(services)
    .filter((each) => each.state !== "up" && each.state !== "maintenance")
    .sort((a, b) => behind(a) - behind(b) || byState(a, b));
}

function andMore(count: number): string {
  if (count === 0) return "";
  return count === 1 ? "; 1 more service is not up" : `; ${count} more services are not up`;
}

function allUp(services: Named<Service>, checks: Named<Check>): string {
  const all = Object.values(services);
  const resting = all.filter((each) => each.state === "maintenance").length;
  const count = all.length - resting;
  const told =
    all.length === 0
      ? `${Object.keys(checks).length} checks and no service are watched`
      : count === 0
        ? "No service is watched"
        : count === 1
          ? "The service is up"
          : `All ${count} services are up`;
  return resting ? `${told}; ${resting} in maintenance` : told;
}

/** What is not about a service, the worst first. */
function otherTroubles(platform: PlatformNow, checks: Named<Check>): string[] {
  const free = Object.values(checks)
    .filter((each) => each.service === null && each.state !== "up" && each.state !== "maintenance")
    .sort(byState)
    .map((each) => `${each.name} is ${each.state}: ${checkReason(each)}`);
  const hosts = platform.hosts
    .filter((each) => each.state !== "up")
    .map((each) => `the host ${each.name} is ${each.state}: ${each.message}`);
  const drills = platform.drills
    .filter((each) => each.state === "down")
    .map(
      (each) =>
        `the drill ${each.name} ${each.standing === "overdue" ? "is overdue" : each.standing}`,
    );
  const backups = platform.backups
    .filter((each) => each.state === "down" || each.state === "late")
    .map(
      (each) => `the backup ${each.name} ${each.standing === "late" ? "is late" : each.standing}`,
    );
  return [...free, ...hosts, ...drills, ...backups, ...ownTroubles(platform)];
}

/** What troubles Opsbook itself. */
export function ownTroubles({ ledger, metrics, alerting, runs }: PlatformNow): string[] {
  const rooms = { "the ledger": ledger, metrics, alerting, runs };
  const said = Object.entries(rooms).flatMap(([name, { trouble }]) =>
    trouble ? [`${name}: ${trouble}`] : [],
  );
  if (ledger.lost) said.push(`the ledger: ${ledger.lost} entries are lost`);
  if (metrics.lost) said.push(`metrics: the samples of ${metrics.lost} looks are lost`);
  if (runs.stranded.length) {
    said.push(
      `runs: begun by another version, cancel and resume them: ${runs.stranded.join(", ")}`,
    );
  }
  return [...said, ...metrics.problems.map((each) => `metrics: ${each}`)];
}
