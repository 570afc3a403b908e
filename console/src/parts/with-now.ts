/** Bars that were asked for some time ago, and what is known since. */

import type { StateName } from "../api/types";
import { byState } from "./state";

/** The newest bar shows what is worse: what was found in it, or how it stands now. */
export function withNow(states: readonly StateName[], now: StateName): { state: StateName }[] {
  const bars = states.map((state) => ({ state }));
  const last = bars.at(-1);
  if (last && (last.state === "unknown" || worse(now, last.state))) last.state = now;
  return bars;
}

export function worse(some: StateName, other: StateName): boolean {
  return byState({ state: some, name: "" }, { state: other, name: "" }) < 0;
}
