/** uPlot's options for a chart. */

import type uPlot from "uplot";
import type { Tone } from "../state";
import { formatted } from "../units";
import { type Column, lonely } from "./data";
import { colourOf, dashOf, resolved, thin } from "./theme";

/** A range of values that means something: drawn behind the lines. */
export interface Band {
  /** Null: without end. */
  from: number | null;
  to: number | null;
  tone: Tone;
  label: string;
}

/** How lines are drawn: `steps` where a value holds until the next one. */
export type Drawing = "lines" | "steps" | "bars" | "points";

export interface Plot {
  names: readonly string[];
  /** Indexes of those that are not drawn. */
  hidden: ReadonlySet<number>;
  unit: string;
  decimals: number | undefined;
  height: number;
  stacked: boolean;
  bands: readonly Band[];
  range: readonly [number | null, number | null];
  drawing: Drawing;
  /** How much of the area below is filled: 0 to 1. */
  fill: number;
  /** Start and end of the time shown, in seconds; null: what there is. */
  span: readonly [number, number] | null;
  onZoom: ((start: number, end: number) => void) | undefined;
  /** `rightHalf` tells where there is room for what is read there. */
  onCursor: (index: number | null, rightHalf: boolean) => void;
}

const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const CHARACTER = 7;
const LEAST_DRAG = 8;
const BINARY = Array.from({ length: 60 }, (_, power) => 2 ** power);

export function options(
  plot: Plot,
  element: HTMLElement,
  paths: typeof uPlot.paths,
): uPlot.Options {
  const ink = { text: resolved(element, "--faint"), line: resolved(element, "--line") };
  const bands = plot.bands.map((band) => ({
    ...band,
    colour: resolved(element, `--${band.tone}`),
  }));
  const axis: uPlot.Axis = {
    stroke: ink.text,
    font: FONT,
    grid: { stroke: ink.line, width: 1 },
    ticks: { stroke: ink.line, width: 1, size: 4 },
  };
  return {
    width: Math.max(element.clientWidth, 50),
    height: plot.height,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: {
      drag: { x: plot.onZoom !== undefined, y: false, setScale: false, dist: LEAST_DRAG },
      points: { size: 7 },
      y: false,
    },
    scales: {
      x: { time: true, ...(plot.span && { range: [...plot.span] as uPlot.Range.MinMax }) },
      y: { range: yRange(plot) },
    },
    axes: [
      { ...axis, size: 28, values: (_, splits, __, ___, step) => times(splits, step) },
      {
        ...axis,
        size: (_, values) =>
          14 + CHARACTER * Math.max(3, ...(values ?? []).map((each) => each.length)),
        values: (_, splits) => splits.map((each) => formatted(each, plot.unit)),
        ...(plot.unit === "bytes" && { incrs: BINARY }),
      },
    ],
    series: [{}, ...plot.names.map((name, index) => line(plot, name, index, element, paths))],
    ...(plot.stacked && { bands: between(plot.names.length) }),
    hooks: {
      drawClear: [(u) => drawBands(u, bands)],
      setCursor: [(u) => point(u, plot.onCursor)],
      setSelect: [(u) => zoom(u, plot.onZoom)],
    },
  };
}

function line(
  plot: Plot,
  name: string,
  index: number,
  element: HTMLElement,
  paths: typeof uPlot.paths,
): uPlot.Series {
  const colour = resolved(element, colourOf(index));
  const fill = plot.stacked ? 0.35 : plot.fill;
  return {
    label: name,
    show: !plot.hidden.has(index),
    stroke: colour,
    width: plot.drawing === "points" ? 0 : 1.75,
    dash: plot.drawing === "lines" || plot.drawing === "steps" ? [...dashOf(index)] : [],
    ...(fill > 0 && { fill: thin(colour, fill) }),
    paths: pathsOf(plot.drawing, paths),
    points: {
      size: 5,
      ...(plot.drawing === "points" && { show: true }),
      filter: (u, at, show) => (show ? null : lonely(u.data[at] as Column)),
    },
  };
}

function pathsOf(drawing: Drawing, paths: typeof uPlot.paths): uPlot.Series.PathBuilder {
  if (drawing === "steps") return paths.stepped!({ align: 1 });
  if (drawing === "bars") return paths.bars!({ size: [0.8, 60] });
  return drawing === "points" ? paths.points!() : paths.linear!();
}

function yRange(plot: Plot): uPlot.Range.Function {
  const [least, most] = plot.range;
  return (_, found, highest) => {
    let low = least ?? Math.min(found ?? 0, plot.stacked || plot.drawing === "bars" ? 0 : Infinity);
    let high = most ?? highest ?? 1;
    // What is close to nought is seen from nought: a small tremble then looks small.
    if (least === null && low > 0 && low < high * 0.6) low = 0;
    if (low >= high) [low, high] = [least ?? Math.min(low, 0), most ?? (low > 0 ? low * 1.2 : 1)];
    const room = (high - low) * 0.06;
    return [least ?? (low === 0 ? 0 : low - room), most ?? high + room];
  };
}

function between(count: number): uPlot.Band[] {
  return Array.from({ length: count - 1 }, (_, index) => ({ series: [index + 2, index + 1] }));
}

function drawBands(u: uPlot, bands: readonly (Band & { colour: string })[]): void {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const place = (value: number | null, other: number) =>
    value === null ? other : Math.min(top + height, Math.max(top, u.valToPos(value, "y", true)));
  for (const band of bands) {
    const [upper, lower] = [place(band.to, top), place(band.from, top + height)];
    ctx.fillStyle = thin(band.colour, 0.1);
    ctx.fillRect(left, upper, width, lower - upper);
  }
}

function point(u: uPlot, onCursor: Plot["onCursor"]): void {
  const left = u.cursor.left ?? -1;
  onCursor(left < 0 ? null : (u.cursor.idx ?? null), left > u.over.clientWidth / 2);
}

function zoom(u: uPlot, onZoom: Plot["onZoom"]): void {
  const { left, width } = u.select;
  if (!onZoom || width < LEAST_DRAG) return;
  const [start, end] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom(start, end);
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Labels of the times; a day is named where it begins. */
function times(splits: readonly number[], step: number): string[] {
  return splits.map((each) => {
    const date = new Date(each * 1_000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return midnight || step >= 86_400
      ? day.format(date)
      : (step < 60 ? second : clock).format(date);
  });
}
