/** Series over time as lines, with what they come to, and the same as a table. */

import "./chart.css";
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import uPlot from "uplot";
import { joined, type Series, stacked as stackedUp, summary } from "./chart/data";
import { Legend } from "./chart/legend";
import { type Band, type Drawing, options } from "./chart/plot";
import { Reading } from "./chart/reading";
import { ChartTable } from "./chart/table";
import { theme } from "./chart/theme";
import { formatted } from "./units";

export type { Band, Drawing, Series };

export interface ChartProps {
  title: string;
  series: readonly Series[];
  /** `seconds`, `bytes`, `percent`, or one of Grafana's names: see units.ts. */
  unit?: string;
  decimals?: number | undefined;
  height?: number;
  stacked?: boolean;
  /** Ranges of values that mean something, drawn behind the lines. */
  bands?: readonly Band[];
  /** Least and most of the axis; null: as the values have it. */
  range?: readonly [number | null, number | null];
  drawing?: Drawing;
  fill?: number;
  /** The time that is shown, in seconds since 1970. Without it, that of the series. */
  span?: readonly [number, number];
  /** The viewer dragged over this time, in seconds since 1970. */
  onZoom?: (start: number, end: number) => void;
  /** Without it, the heading is left to who shows the chart. */
  titled?: boolean;
  legend?: boolean;
}

const NOTHING: readonly Band[] = [];
const FREE = [null, null] as const;

export function Chart(props: ChartProps) {
  const { title, series, unit = "", decimals, height = 220, stacked = false } = props;
  const { bands = NOTHING, range = FREE, drawing = "lines", fill = 0, titled = true } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoom = useRef(props.onZoom);
  zoom.current = props.onZoom;
  const hidden = useSignal<ReadonlySet<number>>(new Set());
  const asTable = useSignal(false);
  const pointed = useSignal<{ index: number; rightHalf: boolean } | null>(null);
  const times = useRef<readonly number[]>([]);
  const heading = useId();
  const names = series.map((each) => each.name);
  const known = series.some((each) => each.values.some((value) => value !== null));

  const draw = () => {
    const data = joined(series);
    times.current = data[0];
    return (stacked ? stackedUp(data) : data) as uPlot.AlignedData;
  };
  const span = props.span ?? null;
  const look = JSON.stringify([
    names,
    unit,
    decimals,
    height,
    stacked,
    bands,
    range,
    drawing,
    fill,
    span,
    [...hidden.value],
    asTable.value,
    known,
    props.onZoom === undefined,
    theme.value,
  ]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const wanted = {
      names,
      hidden: hidden.value,
      unit,
      decimals,
      height,
      stacked,
      bands,
      range,
      drawing,
      fill,
      span,
      onZoom: props.onZoom && ((from: number, to: number) => zoom.current?.(from, to)),
      onCursor: (index: number | null, rightHalf: boolean) =>
        (pointed.value = index === null ? null : { index, rightHalf }),
    };
    const made = new uPlot(options(wanted, element, uPlot.paths), draw(), element);
    plot.current = made;
    const resize = new ResizeObserver(() =>
      made.setSize({ width: Math.max(element.clientWidth, 50), height }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [look]);
  useEffect(() => plot.current?.setData(draw()), [series]);

  return (
    <figure class="chart" aria-labelledby={heading}>
      <figcaption>
        <span id={heading} class={titled ? "chart-title" : "unseen"}>
          {title}
        </span>
        <span class="gap" />
        {known && (
          <button
            class="quiet small"
            aria-pressed={asTable.value}
            onClick={() => (asTable.value = !asTable.value)}
          >
            Table<span class="unseen"> of {title}</span>
          </button>
        )}
      </figcaption>
      {!known ? (
        <p class="chart-empty faint">No values in this time.</p>
      ) : asTable.value ? (
        <ChartTable title={title} series={series} unit={unit} decimals={decimals} />
      ) : (
        <div class="chart-plot">
          <div ref={place} role="img" aria-label={told(props)} />
          <Reading
            pointed={pointed.value}
            time={times.current[pointed.value?.index ?? -1]}
            series={series}
            hidden={hidden.value}
            unit={unit}
            decimals={decimals}
          />
        </div>
      )}
      {known && props.legend !== false && (
        <Legend series={series} unit={unit} decimals={decimals} hidden={hidden} />
      )}
    </figure>
  );
}

/** The chart for who does not see it. */
function told({ title, series, unit, decimals, bands = NOTHING }: ChartProps): string {
  const say = (value: number | null) => formatted(value, unit, decimals);
  const marks = bands.map(
    ({ from, to, label }) =>
      `${label}${from === null ? "" : ` from ${say(from)}`}${to === null ? "" : ` to ${say(to)}`}`,
  );
  const lines = series.slice(0, 10).map((each) => {
    const { last, min, max } = summary(each.values);
    return `${each.name}: last ${say(last)}, least ${say(min)}, most ${say(max)}`;
  });
  const more = series.length > 10 ? [`and ${series.length - 10} more`] : [];
  return [`Chart of ${title}`, ...lines, ...more, ...marks].join(". ");
}
