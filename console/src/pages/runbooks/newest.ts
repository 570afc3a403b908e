/** Runs from two places, the newest first; what is live counts where both know a run. */

import type { Run } from "../../api/types";

export function newest(before: readonly Run[], live: readonly Run[]): Run[] {
  const known = new Map([...before, ...live].map((each) => [each.id, each]));
  return [...known.values()].sort((a, b) => b.requested_at.localeCompare(a.requested_at));
}
