/** A bar for each series. */

import { StateMark } from "../../../parts/state";
import { judged } from "../judged";
import type { Drawn } from "../panel-view";
import { reduced } from "../reduce";
import { WORDS } from "../thresholds";
import { Nothing } from "./nothing";

export function BarGauge({ panel, found }: Drawn) {
  if (found.length === 0) return <Nothing look={panel.look} />;
  const rows = found.map((each) => ({ ...each, value: reduced(each.values, panel.calculation) }));
  const known = rows.flatMap(({ value }) =>
    value !== null && Number.isFinite(value) ? [value] : [],
  );
  const least = Math.min(panel.look.min ?? 0, ...(panel.look.min === null ? known : []));
  const most = panel.look.max ?? Math.max(...known, least);
  return (
    <ul class="bars">
      {rows.map(({ name, value, look }) => {
        const { text, tone } = judged(value, look);
        const share =
          value === null ? 0 : Math.min(1, Math.max(0, (value - least) / (most - least || 1)));
        return (
          <li>
            <span class="bar-name">{name}</span>
            <span class="bar-ground" aria-hidden="true">
              <span
                class={`bar-value tone-${tone ?? "maintenance"}`}
                style={{ width: `${share * 100}%` }}
              />
            </span>
            <b>{text}</b>
            {tone && (
              <span class={`state tone-${tone}`}>
                <StateMark state={tone} />
                {WORDS[tone]}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
