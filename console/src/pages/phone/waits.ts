/** What waits for a person, and what became of it. */

import type { Waiting } from "../../api/types";
import { waiting } from "../../live/platform";

/** Of the run, the incident or the alert. */
export function idOf({ key }: Waiting): string {
  return key.slice(key.indexOf(":") + 1);
}

export function waits({ key }: Waiting): boolean {
  return key in waiting.value;
}
