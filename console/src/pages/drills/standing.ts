/** How a drill stands, as the pages show it. */

import type { Drill } from "../../api/types";
import type { Tone } from "../../parts/state";

const TONES: Record<Drill["state"], { tone: Tone; rank: number }> = {
  failed: { tone: "down", rank: 0 },
  overdue: { tone: "late", rank: 1 },
  "never run": { tone: "unknown", rank: 2 },
  proved: { tone: "up", rank: 3 },
};

export function standing(state: Drill["state"]): { tone: Tone; rank: number } {
  return TONES[state];
}
