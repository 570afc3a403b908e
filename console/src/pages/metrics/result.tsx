/** What an expression comes to: lines over the range, and the values at its end. */

import { useMemo } from "preact/hooks";
import {
  type Answered,
  query,
  queryRange,
  type RangeSeries,
  type Sample,
} from "../../api/prometheus";
import { useAsked } from "../../parts/asked";
import { Chart } from "../../parts/chart";
import { writtenLabels } from "../../parts/labels";
import { stepFor } from "../../parts/times";
import { Samples } from "./samples";
import { QueryProblem } from "./query-problem";
import { unitOf } from "./unit-of";

interface Props {
  expression: string;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  view: "chart" | "table";
  onZoom: (start: number, end: number) => void;
}

const MOST_POINTS = 300;
const MOST_LINES = 40;

export function Result(props: Props) {
  return props.view === "chart" ? <Lines {...props} /> : <Values {...props} />;
}

function Lines({ expression, from, to, onZoom }: Props) {
  const step = stepFor((to - from) / 1_000, MOST_POINTS);
  // On the grid of the step, so that a line does not tremble as the time moves on.
  const [start, end] = [
    Math.floor(from / 1_000 / step) * step,
    Math.floor(to / 1_000 / step) * step,
  ];
  const { asked } = useAsked<Answered<RangeSeries[]>>(
    () => queryRange(expression, { start, end, step }),
    [expression, start, end],
  );
  const { data, problem } = asked.value;
  const lines = useMemo(
    () =>
      (data?.found ?? []).slice(0, MOST_LINES).map(({ labels, times, values }) => ({
        name: writtenLabels(labels),
        times,
        values,
      })),
    [data],
  );
  if (problem) return <QueryProblem expression={expression} message={problem.message} />;
  if (!data) return <p class="faint">asking…</p>;
  return (
    <>
      <Chart
        title={expression}
        titled={false}
        series={lines}
        unit={unitOf(expression)}
        height={300}
        span={[from / 1_000, to / 1_000]}
        onZoom={onZoom}
      />
      {data.found.length > MOST_LINES && (
        <p class="faint">
          {MOST_LINES} of {data.found.length} series are drawn; the table has all.
        </p>
      )}
      <Warnings of={data} />
    </>
  );
}

function Values({ expression, to }: Props) {
  const { asked } = useAsked<Answered<Sample[]>>(
    () => query(expression, to / 1_000),
    [expression, to],
  );
  const { data, problem } = asked.value;
  if (problem) return <QueryProblem expression={expression} message={problem.message} />;
  if (!data) return <p class="faint">asking…</p>;
  return (
    <>
      <Samples title={expression} samples={data.found} />
      <Warnings of={data} />
    </>
  );
}

function Warnings({ of }: { of: Answered<unknown> }) {
  return (
    <>
      {[...of.warnings, ...of.hints].map((each) => (
        <p class="tone-degraded">{each}</p>
      ))}
    </>
  );
}
