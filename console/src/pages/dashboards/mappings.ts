/** Values that have a name of their own: 1 is "up". */

import type { Tone } from "../../parts/state";
import { type Json, numberOf, objectOf, objectsOf, textOf } from "./json";
import { toneOfColour } from "./thresholds";

export interface Mapping {
  matches: (value: number | null) => boolean;
  text: string;
  tone: Tone | null;
}

/** Null: no mapping is about this value. */
export function mapped(value: number | null, mappings: readonly Mapping[]): Mapping | null {
  return mappings.find((each) => each.matches(value)) ?? null;
}

/** Of the form with `type: "value"`, and of the older one with numbers. */
export function mappingsOf(given: unknown, unknown: (name: string) => void): Mapping[] {
  return objectsOf(given).flatMap((each) => mappingOf(each, unknown));
}

function mappingOf(given: Json, unknown: (name: string) => void): Mapping[] {
  const options = objectOf(given["options"]);
  switch (given["type"]) {
    case "value":
      return Object.entries(options).map(([value, result]) =>
        made((found) => same(found, value), result),
      );
    case "range":
      return [made((found) => within(found, options["from"], options["to"]), options["result"])];
    case "special":
      return [made(special(textOf(options["match"])), options["result"])];
    case 1:
      return [made((found) => same(found, textOf(given["value"])), given)];
    case 2:
      return [made((found) => within(found, given["from"], given["to"]), given)];
    default:
      unknown(`mappings.${textOf(given["type"]) || "?"}`);
      return [];
  }
}

function made(matches: Mapping["matches"], result: unknown): Mapping {
  const { text, color } = objectOf(result);
  return { matches, text: textOf(text), tone: toneOfColour(textOf(color)) };
}

function same(found: number | null, wanted: string): boolean {
  return wanted === "null" ? found === null : found !== null && found === numberOf(wanted);
}

function within(found: number | null, from: unknown, to: unknown): boolean {
  return (
    found !== null && found >= (numberOf(from) ?? -Infinity) && found <= (numberOf(to) ?? Infinity)
  );
}

function special(match: string): Mapping["matches"] {
  if (match === "null") return (found) => found === null;
  if (match === "nan") return (found) => Number.isNaN(found);
  if (match === "null+nan") return (found) => found === null || Number.isNaN(found);
  return () => false;
}
