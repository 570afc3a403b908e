import type { Kpi } from "../../api/types";
import { scaleOf } from "./scale";

/** A thin line of the bands with a mark at the value; the text beside it says the same. */
export function KpiScale({ kpi }: { kpi: Kpi }) {
  const scale = scaleOf(kpi);
  if (!scale) return null;
  return (
    <svg class="kpi-scale" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {scale.zones.map(({ state, from, width }) => (
        <rect class={`zone-${state}`} x={from} y="4" width={width} height="3" />
      ))}
      {scale.value !== null && (
        <rect
          class="here"
          x={Math.min(98.8, Math.max(0, scale.value - 0.6))}
          y="0"
          width="1.2"
          height="10"
        />
      )}
    </svg>
  );
}
