/** Series of a chart as uPlot wants them, and what there is to say about each. */

export interface Series {
  name: string;
  /** Seconds since 1970, ascending. */
  times: readonly number[];
  /** Null where nothing is known: a gap. */
  values: readonly (number | null)[];
}

export interface Summary {
  last: number | null;
  min: number | null;
  max: number | null;
}

/** A point that one series has and another has not is undefined there: that is no gap. */
export type Column = (number | null | undefined)[];

/** The times of all series, and each series over them. */
export function joined(series: readonly Series[]): [number[], ...Column[]] {
  const first = series[0];
  if (!first) return [[]];
  if (series.every((each) => sameTimes(each.times, first.times))) {
    return [[...first.times], ...series.map((each) => each.values.map(finite))];
  }
  const times = [...new Set(series.flatMap((each) => each.times))].sort((a, b) => a - b);
  const places = new Map(times.map((time, index) => [time, index]));
  const columns = series.map((each) => {
    const column: Column = new Array<undefined>(times.length).fill(undefined);
    each.times.forEach((time, index) => (column[places.get(time)!] = finite(each.values[index])));
    return column;
  });
  return [times, ...columns];
}

/** Each series on top of those before it. */
export function stacked([times, ...columns]: [number[], ...Column[]]): [number[], ...Column[]] {
  const heights = new Array<number>(times.length).fill(0);
  const raised = columns.map((column) =>
    column.map((value, index) =>
      typeof value === "number" ? (heights[index] = heights[index]! + value) : value,
    ),
  );
  return [times, ...raised];
}

export function summary(values: readonly (number | null)[]): Summary {
  const known = values.filter((each): each is number => each !== null && Number.isFinite(each));
  if (known.length === 0) return { last: null, min: null, max: null };
  const least = known.reduce((some, other) => Math.min(some, other));
  const most = known.reduce((some, other) => Math.max(some, other));
  return { last: known.at(-1)!, min: least, max: most };
}

/** Points that stand alone between gaps: a line would not show them. */
export function lonely(column: Column): number[] {
  const there = [...column.keys()].filter((index) => column[index] !== undefined);
  const known = (place: number) => typeof column[there[place] ?? -1] === "number";
  return there.filter((_, place) => known(place) && !known(place - 1) && !known(place + 1));
}

function sameTimes(some: readonly number[], others: readonly number[]): boolean {
  return (
    some === others ||
    (some.length === others.length && some.every((time, index) => time === others[index]))
  );
}

function finite(value: number | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
