/** How a figure or a database stands, as the pages show it. */

import type { components } from "../../api/schema";
import type { Tone } from "../../parts/state";

export type Level = components["schemas"]["DatabaseStatus"]["level"];

export const levelTones: Readonly<Record<Level, Tone>> = {
  fine: "up",
  over: "degraded",
  unknown: "unknown",
};

export type CareState = NonNullable<components["schemas"]["CareStatus"]["state"]>;

export const careTones: Readonly<Record<CareState, Tone>> = {
  good: "up",
  waiting: "late",
  late: "late",
  failed: "down",
  "never ran": "unknown",
};
