/** One number for each series, as large as it matters. */

import { StateMark } from "../../../parts/state";
import { judged } from "../judged";
import type { Drawn } from "../panel-view";
import { reduced } from "../reduce";
import { WORDS } from "../thresholds";
import { Nothing } from "./nothing";
import { Spark } from "./spark";

export function Stat({ panel, found }: Drawn) {
  if (found.length === 0) return <Nothing look={panel.look} />;
  return (
    <ul class="stats">
      {found.map((each) => {
        const { text, tone } = judged(reduced(each.values, panel.calculation), each.look);
        return (
          <li>
            <span class="faint">{each.name}</span>
            <strong class={tone ? `stat-number tone-${tone}` : "stat-number"}>{text}</strong>
            {tone && (
              <span class={`state tone-${tone}`}>
                <StateMark state={tone} />
                {WORDS[tone]}
              </span>
            )}
            {panel.sparkline && <Spark values={each.values} />}
          </li>
        );
      })}
    </ul>
  );
}
