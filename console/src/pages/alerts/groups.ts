/** Alerts in the groups in which people are told of them. */

import type { Alert } from "../../api/types";

export interface Routed {
  receiver: { name: string };
  labels: Readonly<Record<string, string>>;
  alerts: readonly { fingerprint: string }[];
}

export interface Group {
  key: string;
  receiver: string;
  labels: Readonly<Record<string, string>>;
  alerts: readonly Alert[];
}

/** `routed` may be some moments older than `alerts`: what has ended since is left out, and what
 * has begun since comes first, in a group for which no receiver is known yet. */
export function grouped(
  routed: readonly Routed[],
  alerts: Readonly<Record<string, Alert>>,
): Group[] {
  const placed = new Set<string>();
  const groups = routed.map((each) => {
    const labels = each.labels;
    const found = each.alerts.flatMap(({ fingerprint }) => {
      const alert = alerts[fingerprint];
      if (alert) placed.add(fingerprint);
      return alert ? [alert] : [];
    });
    const key = `${each.receiver.name} ${JSON.stringify(labels)}`;
    return { key, receiver: each.receiver.name, labels, alerts: found.sort(byStart) };
  });
  const fresh = Object.values(alerts).filter((each) => !placed.has(each.fingerprint));
  const unplaced = { key: "", receiver: "", labels: {}, alerts: fresh.sort(byStart) };
  return [unplaced, ...groups].filter((each) => each.alerts.length > 0);
}

function byStart(a: Alert, b: Alert): number {
  return a.starts_at.localeCompare(b.starts_at) || a.fingerprint.localeCompare(b.fingerprint);
}
