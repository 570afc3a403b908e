/** What the checks of a service measured, as charts: those of one check at a time. */

import { useSignal } from "@preact/signals";
import { queryRange, type RangeSeries } from "../../api/prometheus";
import type { Service } from "../../api/types";
import { checks } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Chart } from "../../parts/chart";
import { measured } from "../../parts/condition";
import { useEvery } from "../../parts/every";
import { stepFor } from "../../parts/times";
import { Trouble } from "../../parts/trouble";
import { telling } from "./telling";

const SPANS = [
  ["3600", "1 h"],
  ["21600", "6 h"],
  ["86400", "24 h"],
  ["604800", "7 d"],
  ["2592000", "30 d"],
] as const;
const POINTS = 240;
const EVERY = 15;
/** In seconds too, while nothing has been stored of a check that has just been looked at. */
const SOON = 2;

export function Measurements({ service }: { service: Service }) {
  const names = telling(service.checks.flatMap((name) => checks.value[name] ?? []));
  const chosen = useSignal("");
  const seconds = useSignal(3600);
  const check = names.includes(chosen.value) ? chosen.value : (names[0] ?? "");
  if (!check) return null;
  return (
    <section aria-labelledby="measurements">
      <header class="section-head">
        <h2 id="measurements">Measurements</h2>
        <div class="days" role="group" aria-label="How far back the charts go">
          {SPANS.map(([each, text]) => (
            <button
              aria-pressed={Number(each) === seconds.value}
              onClick={() => (seconds.value = Number(each))}
            >
              {text}
            </button>
          ))}
        </div>
      </header>
      <label class="of-check">
        of the check{" "}
        <select value={check} onChange={(event) => (chosen.value = event.currentTarget.value)}>
          {names.map((each) => (
            <option value={each}>{each}</option>
          ))}
        </select>
      </label>
      <Charts check={check} seconds={seconds.value} />
    </section>
  );
}

function Charts({ check, seconds }: { check: string; seconds: number }) {
  const { asked, again } = useAsked(() => ask(check, seconds), [check, seconds]);
  const { data } = asked.value;
  useEvery(data?.length === 0 ? SOON : EVERY, again);
  return (
    <>
      <Trouble asked={asked.value} />
      <div class="charts">
        {data?.map(({ title, unit, series }) => (
          <div class="panel" key={`${check} ${title}`}>
            <Chart title={title} unit={unit} series={series} height={150} legend={false} />
          </div>
        ))}
      </div>
    </>
  );
}

async function ask(check: string, seconds: number) {
  const step = stepFor(seconds, POINTS, 2);
  const end = Math.floor(Date.now() / 1_000 / step) * step;
  const span = { start: end - seconds, end, step };
  const of = `{check=${JSON.stringify(check)}}`;
  const [measurements, durations] = await Promise.all([
    queryRange(`opsbook_check_measurement${of}`, span),
    queryRange(`opsbook_check_duration_seconds${of}`, span),
  ]);
  const drawn = measurements.found.map((each) => drawing(each, each.labels["measurement"] ?? ""));
  return [
    ...drawn,
    ...durations.found.map((each) => drawing(each, "duration_of_the_look_seconds")),
  ];
}

function drawing({ times, values }: RangeSeries, measurement: string) {
  const { name, unit } = measured(measurement);
  return { title: name, unit, series: [{ name, times, values }] };
}
