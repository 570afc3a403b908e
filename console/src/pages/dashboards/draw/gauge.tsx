/** Where a value stands between its least and its most. */

import { StateMark } from "../../../parts/state";
import { formatted } from "../../../parts/units";
import { judged } from "../judged";
import type { Look } from "../model";
import type { Drawn } from "../panel-view";
import { reduced } from "../reduce";
import { WORDS } from "../thresholds";
import { Nothing } from "./nothing";

export function Gauge({ panel, found }: Drawn) {
  if (found.length === 0) return <Nothing look={panel.look} />;
  return (
    <ul class="stats gauges">
      {found.map((each) => {
        const value = reduced(each.values, panel.calculation);
        const { text, tone } = judged(value, each.look);
        return (
          <li>
            <Arc value={value} look={each.look} tone={tone ?? "maintenance"} />
            <strong class={tone ? `stat-number tone-${tone}` : "stat-number"}>{text}</strong>
            {tone && (
              <span class={`state tone-${tone}`}>
                <StateMark state={tone} />
                {WORDS[tone]}
              </span>
            )}
            <span class="faint">{each.name}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** A half circle, with what the thresholds say along its rim. */
function Arc({ value, look, tone }: { value: number | null; look: Look; tone: string }) {
  const [least, most] = [look.min ?? 0, look.max ?? 100];
  const share = (at: number) => Math.min(1, Math.max(0, (at - least) / (most - least || 1)));
  const steps = look.thresholds.length > 1 ? look.thresholds : [];
  const from = (at: number) => (look.relative ? Math.min(1, Math.max(0, at / 100)) : share(at));
  return (
    <svg class="arc" viewBox="0 0 120 68" aria-hidden="true">
      <path d={arc(50, 0, 1)} class="arc-ground" />
      {value !== null && Number.isFinite(value) && share(value) > 0 && (
        <path d={arc(50, 0, share(value))} class={`arc-value tone-${tone}`} />
      )}
      {steps.map((each, index) => {
        const [start, end] = [from(each.from), from(steps[index + 1]?.from ?? Infinity)];
        return each.tone && end > start ? (
          <path d={arc(58, start, end)} class={`arc-rim tone-${each.tone}`} />
        ) : null;
      })}
      <text x="2" y="67">
        {formatted(least, look.unit)}
      </text>
      <text x="118" y="67" text-anchor="end">
        {formatted(most, look.unit)}
      </text>
    </svg>
  );
}

/** From the left over the top to the right; 0 to 1. */
function arc(radius: number, start: number, end: number): string {
  const point = (share: number) => {
    const angle = Math.PI * (1 - share);
    return `${(60 + radius * Math.cos(angle)).toFixed(2)} ${(59 - radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(start)}A${radius} ${radius} 0 0 1 ${point(end)}`;
}
