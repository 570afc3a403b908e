import type { Kpi } from "../../api/types";
import { kpis } from "../../live/platform";
import { StateWord, type Tone } from "../../parts/state";
import { KpiScale } from "./kpi-scale";

const TONES: Readonly<Record<Kpi["state"], Tone>> = {
  met: "up",
  off_target: "late",
  warning: "degraded",
  critical: "down",
  unknown: "unknown",
};
const ORDER: readonly Kpi["state"][] = ["critical", "unknown", "warning", "off_target", "met"];

/** What was promised, and what is kept of it. */
export function KpiTiles() {
  const all = Object.values(kpis.value).sort(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name),
  );
  if (all.length === 0) return null;
  return (
    <section aria-labelledby="kpis">
      <h2 id="kpis">KPIs</h2>
      <ul class="tiles small">
        {all.map((each) => (
          <KpiTile key={each.name} kpi={each} />
        ))}
      </ul>
    </section>
  );
}

function KpiTile({ kpi }: { kpi: Kpi }) {
  const tone = TONES[kpi.state];
  return (
    <li class={`tile tone-edge-${tone}`} title={kpi.description}>
      <header>
        <h3>{kpi.name}</h3>
        <StateWord state={tone} word={kpi.state.replace("_", " ")} />
      </header>
      <p class="value">{kpi.text || "not measured"}</p>
      <KpiScale kpi={kpi} />
      <p class="faint bands">
        target {kpi.target}
        {kpi.warning && <> · warning {kpi.warning}</>}
        {kpi.critical && <> · critical {kpi.critical}</>}
      </p>
      {kpi.reason && (
        <p class="kpi-why" title={kpi.reason}>
          {kpi.reason}
        </p>
      )}
    </li>
  );
}
