/** A dashboard as it is drawn. */

import type { Threshold } from "./thresholds";
import type { Mapping } from "./mappings";

export const KINDS = [
  "stat",
  "gauge",
  "graph",
  "timeseries",
  "bargauge",
  "heatmap",
  "table",
  "text",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Target {
  /** `A`, `B`: by it a value is told from those of the other questions. */
  id: string;
  expression: string;
  legend: string;
  instant: boolean;
  format: "time_series" | "table" | "heatmap";
  /** The least length of a step in seconds; null: as the time range has it. */
  least: string;
}

/** How values are written and judged. */
export interface Look {
  unit: string;
  decimals: number | undefined;
  min: number | null;
  max: number | null;
  thresholds: readonly Threshold[];
  /** Percent of the way from min to max, instead of values. */
  relative: boolean;
  mappings: readonly Mapping[];
  noValue: string;
  displayName: string;
}

/** What is different for the series of a name. */
export interface Override {
  matches: (name: string) => boolean;
  look: Partial<Look>;
}

export interface Drawing {
  style: "lines" | "steps" | "bars" | "points";
  /** 0 to 1. */
  fill: number;
  stacked: boolean;
  /** Whether thresholds are drawn behind the lines. */
  bands: boolean;
  legend: boolean;
}

export interface Panel {
  id: number;
  title: string;
  description: string;
  /** Null for a type that is not understood. */
  kind: Kind | null;
  x: number;
  y: number;
  width: number;
  height: number;
  targets: readonly Target[];
  look: Look;
  overrides: readonly Override[];
  drawing: Drawing;
  /** How many values become one. */
  calculation: string;
  /** A stat's line behind its number. */
  sparkline: boolean;
  /** A text's own words, and whether they are Markdown. */
  text: string;
  markdown: boolean;
  /** What of it is not carried out, such as `transformations.merge`. */
  notUnderstood: readonly string[];
}

export interface Section {
  /** Null: above all rows. */
  title: string | null;
  collapsed: boolean;
  panels: readonly Panel[];
}

export interface Choice {
  text: string;
  value: string;
}

export interface Variable {
  name: string;
  label: string;
  kind: "query" | "custom" | "constant" | "interval" | "textbox" | "datasource";
  hidden: boolean;
  /** What a query variable asks for; what a constant or a text box holds. */
  query: string;
  /** Filters and shortens values; empty: none. */
  pattern: string;
  choices: readonly Choice[];
  many: boolean;
  /** Whether all of them may be chosen at once, and what stands for all; empty: their names. */
  all: boolean;
  allValue: string;
  /** Chosen where the address does not say. */
  chosen: readonly string[];
  sort: number;
}

export interface Board {
  title: string;
  description: string;
  tags: readonly string[];
  sections: readonly Section[];
  variables: readonly Variable[];
  from: string;
  to: string;
  refresh: string;
  notUnderstood: readonly string[];
}
