/** How a panel's values are written and judged: `fieldConfig`, or what older panels have for it. */

import { knowsUnit } from "../../parts/units";
import { type Json, listOf, numberOf, objectOf, objectsOf, textOf } from "./json";
import { mappingsOf } from "./mappings";
import type { Look, Override } from "./model";
import { type Threshold, toneOfColour } from "./thresholds";

type Unknown = (name: string) => void;

const PLAIN: Look = {
  unit: "",
  decimals: undefined,
  min: null,
  max: null,
  thresholds: [],
  relative: false,
  mappings: [],
  noValue: "",
  displayName: "",
};

export function lookOf(panel: Json, unknown: Unknown): Look {
  const defaults = objectOf(objectOf(panel["fieldConfig"])["defaults"]);
  const axis = objectsOf(panel["yaxes"])[0] ?? {};
  const old: Partial<Look> = {
    ...unit(axis["format"] ?? panel["format"], unknown),
    min: numberOf(axis["min"]),
    max: numberOf(axis["max"]),
    decimals: numberOf(axis["decimals"] ?? panel["decimals"]) ?? undefined,
  };
  return { ...PLAIN, ...old, ...properties(Object.entries(defaults), unknown) };
}

/** Overrides for series of a name; others are named. */
export function overridesOf(panel: Json, unknown: Unknown): Override[] {
  return objectsOf(objectOf(panel["fieldConfig"])["overrides"]).flatMap((each) => {
    const matcher = objectOf(each["matcher"]);
    const matches = matching(textOf(matcher["id"]), textOf(matcher["options"]));
    if (!matches) {
      unknown(`overrides.${textOf(matcher["id"]) || "?"}`);
      return [];
    }
    const given = objectsOf(each["properties"]).map(
      (one) => [textOf(one["id"]), one["value"]] as const,
    );
    return [{ matches, look: properties(given, (name) => unknown(`overrides.${name}`)) }];
  });
}

/** The look of the series of a name. */
export function lookFor(name: string, look: Look, overrides: readonly Override[]): Look {
  return overrides
    .filter((each) => each.matches(name))
    .reduce<Look>((changed, each) => ({ ...changed, ...each.look }), look);
}

function properties(
  given: readonly (readonly [string, unknown])[],
  unknown: Unknown,
): Partial<Look> {
  return given.reduce<Partial<Look>>(
    (look, [name, value]) => ({ ...look, ...property(name, value, unknown) }),
    {},
  );
}

function property(name: string, value: unknown, unknown: Unknown): Partial<Look> {
  switch (name) {
    case "unit":
      return unit(value, unknown);
    case "decimals":
      return { decimals: numberOf(value) ?? undefined };
    case "min":
      return { min: numberOf(value) };
    case "max":
      return { max: numberOf(value) };
    case "noValue":
      return { noValue: textOf(value) };
    case "displayName":
      return { displayName: textOf(value) };
    case "mappings":
      return { mappings: mappingsOf(value, unknown) };
    case "thresholds":
      return thresholds(objectOf(value));
    default:
      // Colours of lines are ours: they differ without colour, too.
      if (!DECORATION.has(name) && !name.startsWith("custom.")) unknown(name);
      return {};
  }
}

const DECORATION = new Set([
  "color",
  "custom",
  "links",
  "displayNameFromDS",
  "description",
  "actions",
  "fieldMinMax",
]);

function unit(value: unknown, unknown: Unknown): Partial<Look> {
  const name = textOf(value);
  if (name === "") return {};
  if (!knowsUnit(name)) unknown(`unit ${name}`);
  return { unit: name };
}

function thresholds(given: Json): Partial<Look> {
  const steps = listOf(given["steps"]).map((each): Threshold => {
    const { value, color } = objectOf(each);
    return { from: numberOf(value) ?? -Infinity, tone: toneOfColour(textOf(color)) };
  });
  return {
    thresholds: steps.sort((a, b) => (a.from < b.from ? -1 : 1)),
    relative: given["mode"] === "percentage",
  };
}

function matching(kind: string, wanted: string): ((name: string) => boolean) | null {
  if (kind === "byName") return (name) => name === wanted;
  if (kind !== "byRegexp") return null;
  try {
    const pattern = new RegExp(wanted.replace(/^\/(.*)\/\w*$/, "$1"));
    return (name) => pattern.test(name);
  } catch {
    return null;
  }
}
