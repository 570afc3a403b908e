/** Thresholds of Grafana, and their colours as tones of ours, each with a word. */

import type { Tone } from "../../parts/state";

export interface Threshold {
  /** From here on. −∞ for the first. */
  from: number;
  tone: Tone | null;
}

export const WORDS: Readonly<Record<Tone, string>> = {
  up: "good",
  degraded: "warning",
  down: "critical",
  late: "marked purple",
  maintenance: "marked blue",
  unknown: "marked grey",
};

const NAMED: readonly (readonly [RegExp, Tone])[] = [
  [/green/, "up"],
  [/yellow|orange|amber/, "degraded"],
  [/red/, "down"],
  [/blue/, "maintenance"],
  [/purple|violet/, "late"],
  [/gr[ae]y/, "unknown"],
];

/** Null for colours that only decorate. */
export function toneOfColour(colour: string): Tone | null {
  const named = NAMED.find(([pattern]) => pattern.test(colour.toLowerCase()));
  if (named) return named[1];
  const channels = channelsOf(colour);
  return channels ? toneOfChannels(...channels) : null;
}

/** What a value is by its thresholds; null where they say nothing about it. With `relative` they
 * are percent of the way from `min` to `max`. */
export function toneOf(
  value: number | null,
  thresholds: readonly Threshold[],
  relative: boolean,
  min: number | null,
  max: number | null,
): Tone | null {
  // One step alone is a colour, no judgement.
  if (value === null || Number.isNaN(value) || thresholds.length < 2) return null;
  const [low, high] = [min ?? 0, max ?? 100];
  const held = relative ? ((value - low) / (high - low || 1)) * 100 : value;
  return thresholds.filter((each) => held >= each.from).at(-1)?.tone ?? null;
}

function channelsOf(colour: string): [number, number, number] | null {
  const hex = /^#([0-9a-f]{6})/i.exec(colour)?.[1];
  if (hex)
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
  const rgb = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(colour);
  return rgb ? [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])] : null;
}

function toneOfChannels(red: number, green: number, blue: number): Tone {
  const [least, most] = [Math.min(red, green, blue), Math.max(red, green, blue)];
  if (most - least < 30) return "unknown";
  const sixth =
    most === red
      ? ((green - blue) / (most - least) + 6) % 6
      : most === green
        ? (blue - red) / (most - least) + 2
        : (red - green) / (most - least) + 4;
  const hue = sixth * 60;
  if (hue < 18 || hue >= 335) return "down";
  if (hue < 70) return "degraded";
  if (hue < 170) return "up";
  return hue < 255 ? "maintenance" : "late";
}
