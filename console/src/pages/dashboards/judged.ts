/** A value as a panel tells it: its words, and what it is by mappings and thresholds. */

import type { Tone } from "../../parts/state";
import { formatted } from "../../parts/units";
import { mapped } from "./mappings";
import type { Look } from "./model";
import { toneOf } from "./thresholds";

export interface Judged {
  text: string;
  tone: Tone | null;
}

export function judged(value: number | null, look: Look): Judged {
  const mapping = mapped(value, look.mappings);
  const tone = mapping?.tone ?? toneOf(value, look.thresholds, look.relative, look.min, look.max);
  if (mapping?.text) return { text: mapping.text, tone };
  if (value === null) return { text: look.noValue || "no value", tone };
  return { text: formatted(value, look.unit, look.decimals), tone };
}
