/** How bad something is said to be, as one of the tones that the console has. */

import type { Tone } from "./state";

const TONES: Readonly<Record<string, Tone>> = {
  critical: "down",
  page: "down",
  error: "down",
  high: "down",
  p1: "down",
  p2: "down",
  warning: "degraded",
  medium: "degraded",
  p3: "degraded",
};

/** `unknown` for what says nothing, and for what is only to be known. */
export function toneOf(severity: string | undefined): Tone {
  return TONES[severity?.toLowerCase() ?? ""] ?? "unknown";
}
