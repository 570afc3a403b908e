/** The values at the moment that the viewer points at. */

import { formatted } from "../units";
import type { Series } from "./data";
import { Stroke } from "./stroke";

interface Props {
  pointed: { index: number; rightHalf: boolean } | null;
  time: number | undefined;
  series: readonly Series[];
  hidden: ReadonlySet<number>;
  unit: string;
  decimals: number | undefined;
}

const MOST = 12;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function Reading({ pointed, time, series, hidden, unit, decimals }: Props) {
  if (!pointed || time === undefined) return null;
  const found = series
    .map((each, index) => ({ each, index, value: valueAt(each, time) }))
    .filter(({ index, value }) => value !== undefined && !hidden.has(index))
    .sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
  const date = new Date(time * 1_000);
  return (
    <div class={`chart-reading ${pointed.rightHalf ? "left" : "right"}`} aria-hidden="true">
      <strong title={date.toISOString()}>{moment.format(date)}</strong>
      {found.slice(0, MOST).map(({ each, index, value }) => (
        <div>
          <Stroke index={index} />
          <span>{each.name}</span>
          <b>{formatted(value, unit, decimals)}</b>
        </div>
      ))}
      {found.length > MOST && <div class="faint">and {found.length - MOST} more</div>}
    </div>
  );
}

/** Undefined where the series has no point at this time. Times ascend. */
function valueAt(series: Series, time: number): number | null | undefined {
  let [low, high] = [0, series.times.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const there = series.times[middle]!;
    if (there === time) return series.values[middle];
    if (there < time) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
