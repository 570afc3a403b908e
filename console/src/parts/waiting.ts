/** What waits for people, in its order. */

import type { Waiting } from "../api/types";

/** The longest first. */
export function bySince(a: Waiting, b: Waiting): number {
  return Date.parse(a.since) - Date.parse(b.since) || a.key.localeCompare(b.key);
}
