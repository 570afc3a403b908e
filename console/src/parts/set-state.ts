/** How a backup set stands, as the pages show it. One that never ran is not one that failed. */

import type { BackupSet } from "../api/types";
import type { Tone } from "./state";

const ORDER: readonly BackupSet["state"][] = ["failed", "late", "never ran", "good"];

export const setTones: Readonly<Record<BackupSet["state"], Tone>> = {
  good: "up",
  late: "late",
  failed: "down",
  "never ran": "unknown",
};

/** In a word: backups that were made and never restored are not proved, and that is another
 * thing than none at all. */
export function setWord(set: BackupSet): string {
  const made = set.backups !== "never ran";
  return set.state === "never ran" && made ? "unproven" : set.state;
}

/** Sorts the worst first. */
export function bySetState(a: BackupSet, b: BackupSet): number {
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name);
}
