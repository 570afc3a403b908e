/** A condition of a check in words: `latency 812 ms, at most 200 ms`. */

import type { Condition } from "../api/types";
import { formatted } from "./units";

const UNITS: readonly (readonly [string, string])[] = [
  ["_seconds", "seconds"],
  ["_bytes", "bytes"],
  ["_percent", "percent"],
];
const SIGNS: Readonly<Record<string, string>> = { "≤": "at most", "≥": "at least", "=": "must be" };
const NUMBER = /^([≤≥=]) (-?[\d.]+(?:e[+-]?\d+)?)$/;

type Said = Pick<Condition, "measurement" | "rule" | "actual" | "state">;

/** What is measured and its unit: `latency_seconds` → `latency` in seconds. */
export function measured(measurement: string): { name: string; unit: string } {
  const [ending, unit] = UNITS.find(([each]) => measurement.endsWith(each)) ?? ["", ""];
  const name = ending ? measurement.slice(0, -ending.length) : measurement;
  return { name: name.replaceAll("_", " "), unit };
}

export function valueText(measurement: string, value: number | string | boolean | null): string {
  if (value === null) return "not measured";
  return typeof value === "number" ? formatted(value, measured(measurement).unit) : String(value);
}

/** `≤ 0.2 else degraded, ≤ 1 else down` → `at most 200 ms, or it is degraded; at most 1 s, …` */
export function ruleText({ measurement, rule }: Said): string {
  return limits(rule)
    .map(([limit, otherwise]) => {
      const text = limitText(measurement, limit);
      return otherwise ? `${text}, or it is ${otherwise}` : text;
    })
    .join("; ");
}

/** With the limit that was passed alone. */
export function conditionText(condition: Said): string {
  const all = limits(condition.rule);
  const passed = all.find(([, otherwise]) => otherwise === condition.state) ?? all[0];
  const { name } = measured(condition.measurement);
  const value = valueText(condition.measurement, condition.actual);
  return `${name} ${value}, ${limitText(condition.measurement, passed?.[0] ?? condition.rule)}`;
}

/** Each limit, and the state that follows where it is passed. */
function limits(rule: string): [string, string][] {
  if (!rule.includes(" else ")) return [[rule, ""]];
  return [...rule.matchAll(/(.+?) else (\w+)(?:, |$)/g)].map((each) => [
    each[1] ?? "",
    each[2] ?? "",
  ]);
}

function limitText(measurement: string, limit: string): string {
  const [, sign = "", number = ""] = NUMBER.exec(limit) ?? [];
  return number
    ? `${SIGNS[sign]} ${formatted(Number(number), measured(measurement).unit)}`
    : limit.replace(/^= /, "must be ");
}
