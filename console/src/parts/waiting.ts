/** What waits for people, in its order. */

import type { Waiting } from "../api/types";
import { waiting } from "../live/platform";

/** The longest first. */
export function bySince(a: Waiting, b: Waiting): number {
  return Date.parse(a.since) - Date.parse(b.since) || a.key.localeCompare(b.key);
}

/** Of the run, the incident or the alert. */
export function idOf({ key }: Waiting): string {
  return key.slice(key.indexOf(":") + 1);
}

/** Whether it still does. */
export function waits({ key }: Waiting): boolean {
  return key in waiting.value;
}

/** What a run of this drill asks of a second person. */
export function askedOf(drill: string): Waiting | undefined {
  const all = Object.values(waiting.value);
  return all.find((each) => each.kind === "drill" && nameIn(each) === drill);
}

/** The name of what it is about, as its link has it. */
export function nameIn({ link }: Waiting): string {
  return decodeURIComponent(link.split("/").at(-1) ?? "");
}
