/** Questions about metrics, over the API that Prometheus' clients know. */

import { api, told } from "./client";
import { Problem } from "./problem";
import type { Labels } from "../parts/labels";
import type { paths } from "./schema";

export interface Span {
  /** Seconds since 1970. */
  start: number;
  end: number;
  /** Seconds between two points. */
  step: number;
}

export interface RangeSeries {
  labels: Labels;
  times: readonly number[];
  /** One for each step of the range. Null where there is none. */
  values: readonly (number | null)[];
}

export interface Sample {
  labels: Labels;
  time: number;
  value: number;
}

export interface Answered<T> {
  found: T;
  /** Why the answer may be wrong, such as that a limit cut it off. */
  warnings: readonly string[];
  /** What may be wrong with the question. */
  hints: readonly string[];
}

type Point = [number, string];
type Raw =
  | { resultType: "vector"; result: { metric: Labels; value?: Point }[] }
  | { resultType: "matrix"; result: { metric: Labels; values?: Point[] }[] }
  | { resultType: "scalar" | "string"; result: Point };
type Given = Readonly<Record<string, string | number | readonly string[] | undefined>>;
type Path = keyof paths & `/api/v1/${string}`;

/** The value of each series over a range. Throws Problem. */
export async function queryRange(expression: string, span: Span): Promise<Answered<RangeSeries[]>> {
  const { start, end, step } = span;
  const { data, ...said } = await ask<Raw>("/api/v1/query_range", {
    query: expression,
    start,
    end,
    step,
  });
  if (data.resultType !== "matrix") throw new Problem(0, `the answer is a ${data.resultType}`);
  const times = timesOf(span);
  const found = data.result.map(({ metric, values = [] }) => {
    const known = new Map(
      values.map(([time, text]) => [Math.round((time - start) / step), numberOf(text)]),
    );
    const drawn = times.map((_, index) => known.get(index) ?? null);
    return { labels: metric, times, values: drawn };
  });
  return { found, ...said };
}

/** The value of each series now, or at a moment (seconds since 1970). Throws Problem. */
export async function query(expression: string, at?: number): Promise<Answered<Sample[]>> {
  const { data, ...said } = await ask<Raw>("/api/v1/query", { query: expression, time: at });
  return { found: samplesOf(data), ...said };
}

/** Of all series, or of those that match. */
export async function labelNames(match?: string): Promise<string[]> {
  return (await ask<string[]>("/api/v1/labels", { "match[]": match })).data;
}

export async function labelValues(label: string, match?: string): Promise<string[]> {
  const path = `/api/v1/label/${encodeURIComponent(label)}/values` as "/api/v1/label/{name}/values";
  return (await ask<string[]>(path, { "match[]": match })).data;
}

/** By the name of a metric. */
export async function metadata(): Promise<Record<string, { type: string; help: string }[]>> {
  return (await ask<Record<string, { type: string; help: string }[]>>("/api/v1/metadata", {})).data;
}

/** `NaN`, `+Inf` and `-Inf` are numbers here. */
export function numberOf(text: string): number {
  const infinite = /^([+-]?)Inf$/.exec(text);
  return infinite ? (infinite[1] === "-" ? -Infinity : Infinity) : Number(text);
}

function samplesOf(data: Raw): Sample[] {
  switch (data.resultType) {
    case "vector":
      return data.result.flatMap(({ metric, value }) => (value ? [sample(metric, value)] : []));
    case "matrix":
      return data.result.flatMap(({ metric, values = [] }) =>
        values.map((each) => sample(metric, each)),
      );
    default:
      return [sample({}, data.result)];
  }
}

function sample(labels: Labels, [time, text]: Point): Sample {
  return { labels, time, value: numberOf(text) };
}

function timesOf({ start, end, step }: Span): number[] {
  return Array.from(
    { length: Math.floor((end - start) / step + 1e-9) + 1 },
    (_, at) => start + at * step,
  );
}

/** The API's document tells these parameters for each path; here they are the same for all. */
async function ask<T>(path: Path, given: Given): Promise<Omit<Answered<T>, "found"> & { data: T }> {
  const query = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const asking = api.GET(path as "/api/v1/query", { params: { query } as never });
  const answer = (await told<unknown>(asking.then(refused))) as {
    data: T;
    warnings?: string[];
    infos?: string[];
  };
  return { data: answer.data, warnings: answer.warnings ?? [], hints: answer.infos ?? [] };
}

/** Prometheus' errors are no problem details: their words are in `error`. */
function refused<T extends { error?: unknown; response: Response }>(answer: T): T {
  const said = (answer.error as { error?: unknown } | undefined)?.error;
  return typeof said === "string" ? { ...answer, error: { detail: said } } : answer;
}
