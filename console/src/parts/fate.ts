/** What became of something while a dialog about it was open, and by whom. */

import { api, told } from "../api/client";
import { useAsked } from "./asked";

/** Entries of the ledger that tell it. */
const ACTS: Readonly<Record<string, string>> = {
  "incident.acknowledged": "acknowledged it",
  "incident.closed": "closed it",
  "run.approved": "approved it",
  "run.refused": "refused it",
  "run.decided": "decided it",
  "run.cancel_requested": "cancelled the run",
  "drill.declined": "refused it",
};
const KINDS = [...Object.keys(ACTS), "drill.began"];

/** Null while it is as it was. `subject` is that of its entries, `since` when it began to wait,
 * `otherwise` what is said where the ledger names nobody. */
export function useFate(
  gone: boolean,
  subject: string,
  since: string,
  otherwise: string,
): string | null {
  const { asked } = useAsked(
    () => (gone ? lastAct(subject, since) : Promise.resolve(null)),
    [gone, subject, since],
  );
  if (!gone) return null;
  return asked.value.data ?? otherwise;
}

async function lastAct(subject: string, since: string): Promise<string | null> {
  const query = { subject, kind: KINDS, limit: 1 };
  const { entries } = await told(api.GET("/api/ledger", { params: { query } }));
  const [last] = entries;
  if (!last || Date.parse(last.at) < Date.parse(since)) return null;
  if (last.kind === "drill.began") return `${last.body["approved_by"] ?? last.actor} approved it`;
  const why = last.body["why"] || last.body["note"] || last.body["resolution"];
  return `${last.actor} ${ACTS[last.kind]}${why ? `: ${String(why)}` : ""}`;
}
