/** What a panel asks for, and what it gets. */

import { query, queryRange } from "../../api/prometheus";
import type { Labels } from "../../parts/labels";
import { secondsOf, stepFor } from "../../parts/times";
import { legendOf } from "./legend";
import { lookFor } from "./look";
import type { Look, Panel, Target } from "./model";
import { inExpression, inWords, type Scope } from "./variables";

export interface Found {
  target: Target;
  name: string;
  labels: Labels;
  times: readonly number[];
  values: readonly (number | null)[];
  look: Look;
}

export interface PanelData {
  found: readonly Found[];
  warnings: readonly string[];
}

interface Rows {
  found: readonly Row[];
  /** Hints on the question are for whoever writes it: they are on the page of metrics. */
  warnings: readonly string[];
}

type Row = { labels: Labels; times: readonly number[]; values: readonly (number | null)[] };

/** Points of a panel over the whole width. */
const WIDEST = 400;
const LEAST_POINTS = 60;
const COLUMNS = 24;
const HEATMAP_POINTS = 90;

/** Seconds between two points of a panel. */
export function stepOf(panel: Panel, target: Target | undefined, from: number, to: number): number {
  const most =
    panel.kind === "heatmap"
      ? HEATMAP_POINTS
      : Math.max((WIDEST * panel.width) / COLUMNS, LEAST_POINTS);
  const least = secondsOf((target?.least ?? "").replace(/^>/, "")) ?? 1;
  return stepFor((to - from) / 1_000, most, least);
}

/** Throws Problem. */
export async function panelData(panel: Panel, scope: Scope): Promise<PanelData> {
  const answers = await Promise.all(panel.targets.map((target) => answer(panel, target, scope)));
  return {
    found: answers.flatMap((each) => each.found),
    warnings: answers.flatMap((each) => each.warnings),
  };
}

async function answer(panel: Panel, target: Target, given: Scope): Promise<PanelData> {
  const scope = { ...given, step: stepOf(panel, target, given.from, given.to) };
  const expression = inExpression(target.expression, scope);
  // Lines stay on the grid of the step, so that they do not tremble as the time moves on; where one
  // number is told, the last one is also the newest.
  const exact = panel.kind === "stat" || panel.kind === "gauge" || panel.kind === "bargauge";
  const { found, warnings } = target.instant
    ? await instant(expression, scope)
    : await range(expression, scope, exact);
  const format = inWords(target.legend, scope);
  const named = found.map((each) => {
    const name = legendOf(format, each.labels, expression);
    const look = lookFor(name, panel.look, panel.overrides);
    return { ...each, target, name: look.displayName || name, look };
  });
  return { found: named, warnings };
}

async function instant(expression: string, { to }: Scope): Promise<Rows> {
  const { found, warnings } = await query(expression, to / 1_000);
  const rows = found.map(({ labels, time, value }) => ({ labels, times: [time], values: [value] }));
  return { found: rows, warnings };
}

async function range(expression: string, { from, to, step }: Scope, exact: boolean): Promise<Rows> {
  const points = Math.floor((to - from) / 1_000 / step);
  const end = exact ? to / 1_000 : Math.floor(to / 1_000 / step) * step;
  return queryRange(expression, { start: end - points * step, end, step });
}
