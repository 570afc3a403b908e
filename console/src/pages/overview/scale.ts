/** Where a KPI's value lies within its bands, as parts of a line. */

import type { Kpi } from "../../api/types";

const WORTH: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
};
const QUANTITY = /(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zA-Zµ]*)/g;
const SEVERITY = ["met", "off_target", "warning", "critical"] as const;
const MARGIN = 0.15;

export type BandState = (typeof SEVERITY)[number];

export interface Zone {
  state: BandState;
  /** Percent of the line. */
  from: number;
  width: number;
}

export interface Scale {
  zones: Zone[];
  /** Percent of the line; null where nothing was measured. */
  value: number | null;
}

type Said = Pick<Kpi, "value" | "target" | "warning" | "critical" | "direction" | "unit">;

/** Null where the bands hold no number. */
export function scaleOf(kpi: Said): Scale | null {
  const limits = [kpi.target, kpi.warning, kpi.critical].map((text) => quantities(text ?? ""));
  const known = [...limits.flat(), ...(kpi.value === null ? [] : [kpi.value])];
  if (limits.flat().length === 0) return null;
  const [low, high] = ends(known, kpi.unit);
  const place = (value: number) => (100 * (value - low)) / (high - low);
  const cuts = [...new Set([low, ...limits.flat(), high])].sort((a, b) => a - b);
  const zones = cuts.slice(1).map((until, index) => {
    const from = cuts[index] ?? low;
    const state = bandOf((from + until) / 2, limits, kpi.direction);
    return { state, from: place(from), width: place(until) - place(from) };
  });
  return { zones, value: kpi.value === null ? null : place(kpi.value) };
}

/** The numbers of a text in base units: `from 1h30m to 2h` → 5400, 7200. */
export function quantities(text: string): number[] {
  return text.split(/\s(?:to|and)\s/).flatMap((part) => {
    const found = [...part.matchAll(QUANTITY)];
    if (found.length === 0) return [];
    return [
      found.reduce((sum, [, number, unit]) => sum + Number(number) * (WORTH[unit ?? ""] ?? 1), 0),
    ];
  });
}

function ends(known: readonly number[], unit: string): [number, number] {
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const margin = (most - least || Math.abs(most) || 1) * MARGIN;
  const low = least >= 0 ? Math.max(0, least - margin) : least - margin;
  const high = unit === "percent" && most <= 100 ? Math.min(100, most + margin) : most + margin;
  return high > low ? [low, high] : [low, low + 1];
}

/** The worst band whose limit is passed. What meets the target is met; between it and the first
 * limit that is there, off target. */
function bandOf(value: number, limits: readonly number[][], direction: string): BandState {
  const [target = [], warning = [], critical = []] = limits;
  if (!beyond(value, target, direction)) return "met";
  if (critical.length > 0 && beyond(value, critical, direction)) return "critical";
  return warning.length > 0 && !beyond(value, warning, direction) ? "off_target" : "warning";
}

function beyond(value: number, limit: readonly number[], direction: string): boolean {
  const [first, second] = limit;
  if (first === undefined) return false;
  if (direction === "higher") return value < first;
  if (direction === "lower") return value > first;
  return value < first || (second !== undefined && value > second);
}
