/** How fast trouble was seen, answered and mended. */

import { api, told } from "../../api/client";
import { incidents } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { duration } from "../../parts/moment";
import { useQuery } from "../../parts/query";
import { Trouble } from "../../parts/trouble";

const DAYS = ["7", "30", "90", "365"];

export function Measures() {
  const [chosen, choose] = useQuery("days");
  const days = DAYS.includes(chosen) ? chosen : "30";
  const standing = Object.values(incidents.value)
    .map((each) => `${each.id} ${each.state}`)
    .join();
  const query = { days: Number(days) };
  const { asked } = useAsked(
    () => told(api.GET("/api/incidents/measures", { params: { query } })),
    [days, standing],
  );
  const found = asked.value.data;
  return (
    <section class="panel measures" aria-label="Measures">
      <label>
        Over{" "}
        <select value={days} onChange={(event) => choose(event.currentTarget.value)}>
          {DAYS.map((each) => (
            <option value={each}>{each} days</option>
          ))}
        </select>
      </label>
      <Trouble asked={asked.value} />
      {found && (
        <dl>
          <Measure name="Incidents" title="opened in that time" value={String(found.incidents)} />
          <Measure name="MTTD" title="mean time to detect" value={time(found.detect_seconds)} />
          <Measure
            name="MTTA"
            title="mean time to acknowledge"
            value={time(found.acknowledge_seconds)}
          />
          <Measure name="MTTR" title="mean time to recover" value={time(found.recover_seconds)} />
          <Measure
            name="MTBF"
            title="mean time between failures"
            value={time(found.between_failures_seconds)}
          />
          <Measure
            name="Change success"
            title="changes after which nothing failed"
            value={percent(found.change_success_percent)}
          />
        </dl>
      )}
    </section>
  );
}

function Measure({ name, title, value }: { name: string; title: string; value: string | null }) {
  return (
    <div>
      <dt>
        {name} <span class="faint">{title}</span>
      </dt>
      <dd class={value === null ? "faint" : ""}>{value ?? "not measured"}</dd>
    </div>
  );
}

function time(seconds: number | null): string | null {
  return seconds === null ? null : duration(seconds);
}

function percent(value: number | null): string | null {
  return value === null ? null : `${value.toFixed(1)} %`;
}
