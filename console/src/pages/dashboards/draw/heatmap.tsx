/** How often which values came, over time: darker is more. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ChartTable } from "../../../parts/chart/table";
import { resolved, theme, thin } from "../../../parts/chart/theme";
import { formatted } from "../../../parts/units";
import type { Drawn } from "../panel-view";
import { heatRows, type HeatRow } from "./heat";
import { Nothing } from "./nothing";

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const AXIS = 22;

export function Heatmap({ panel, title, found, height }: Drawn) {
  const asTable = useSignal(false);
  const rows = heatRows(found);
  const times = found[0]?.times ?? [];
  const most = Math.max(0, ...rows.flatMap((row) => row.values.map((each) => each ?? 0)));
  if (found.length === 0) return <Nothing look={panel.look} />;
  const tall = Math.max(110, height - AXIS);
  return (
    <div class="heatmap">
      <p class="heatmap-head">
        <span class="faint">most in a cell: {formatted(most)}</span>
        <button
          class="quiet small"
          aria-pressed={asTable.value}
          onClick={() => (asTable.value = !asTable.value)}
        >
          Table<span class="unseen"> of {title}</span>
        </button>
      </p>
      {asTable.value ? (
        <ChartTable
          title={title}
          series={rows.map((row) => ({ ...row, times }))}
          unit=""
          decimals={undefined}
        />
      ) : (
        <div class="heatmap-plot">
          <ol class="heatmap-names" style={{ height: `${tall}px` }} aria-hidden="true">
            {sparse(rows, Math.floor(tall / 16)).map((name) => (
              <li>{name}</li>
            ))}
          </ol>
          <div>
            <Cells rows={rows} most={most} height={tall} title={title} />
            <p class="heatmap-times faint" aria-hidden="true">
              {[0, 0.5, 1].map((at) => (
                <span>{moment(times[Math.round((times.length - 1) * at)])}</span>
              ))}
            </p>
          </div>
        </div>
      )}
    </div>
  );
}

function Cells({
  rows,
  most,
  height,
  title,
}: {
  rows: HeatRow[];
  most: number;
  height: number;
  title: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = theme.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (canvas.current && context) draw(canvas.current, context, rows, most);
  }, [rows, most, colours]);
  const busiest = rows.reduce((some, other) => (sum(other) > sum(some) ? other : some), rows[0]!);
  const said = `Heatmap of ${title}: ${rows.length} rows, most in ${busiest.name}`;
  return (
    <canvas
      ref={canvas}
      class="heatmap-cells"
      style={{ height: `${height}px` }}
      role="img"
      aria-label={said}
    />
  );
}

/** A pixel for each cell: the browser makes them as large as there is room. */
function draw(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  rows: HeatRow[],
  most: number,
): void {
  canvas.width = Math.max(1, rows[0]?.values.length ?? 1);
  canvas.height = Math.max(1, rows.length);
  const colour = resolved(canvas.parentElement!, "--series-1");
  rows.forEach((row, at) =>
    row.values.forEach((value, x) => {
      if (!value || most <= 0) return;
      context.fillStyle = thin(colour, 0.12 + 0.88 * Math.sqrt(value / most));
      context.fillRect(x, rows.length - 1 - at, 1, 1);
    }),
  );
}

/** Names from the top to the bottom; empty where there is no room for all. */
function sparse(rows: readonly HeatRow[], room: number): string[] {
  const each = Math.ceil(rows.length / Math.max(room, 1));
  return rows.map((row, index) => (index % each === 0 ? row.name : "")).reverse();
}

function sum(row: HeatRow): number {
  return row.values.reduce<number>((total, each) => total + (each ?? 0), 0);
}

function moment(time: number | undefined): string {
  return time === undefined ? "" : clock.format(new Date(time * 1_000));
}
