/** What became of an alert while a dialog about it was open. */

import type { Alert } from "../api/types";
import { alerts, silences } from "../live/platform";

/** Null while it is as it was when the dialog opened. */
export function useAlertFate(alert: Alert): string | null {
  const fate = alertFate(alerts.value[alert.fingerprint]);
  return fate === alertFate(alert) ? null : fate;
}

/** Null while it fires, nobody has it, and people are told. */
export function alertFate(alert: Alert | undefined): string | null {
  if (!alert || alert.ends_at !== null) return "The alert has ended";
  const { acknowledged, silenced_by: quiet } = alert;
  if (acknowledged) {
    const why = acknowledged.why && `: ${acknowledged.why}`;
    return `${acknowledged.by} acknowledged it${why}`;
  }
  if (quiet.length > 0) return `${silences.value[quiet[0]!]?.created_by ?? "somebody"} silenced it`;
  return null;
}
