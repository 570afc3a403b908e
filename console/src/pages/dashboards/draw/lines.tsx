/** Series over time. */

import { type Band, Chart } from "../../../parts/chart";
import type { Look } from "../model";
import type { Drawn } from "../panel-view";
import { WORDS } from "../thresholds";
import { Nothing } from "./nothing";

const MOST = 40;
/** Pixels of a legend's head and of each of its lines. */
const [HEAD, LINE] = [26, 27];

export function Lines({ panel, title, found, scope, height, onZoom }: Drawn) {
  if (found.length === 0) return <Nothing look={panel.look} />;
  const shown = found.slice(0, MOST);
  const units = new Set(shown.map((each) => each.look.unit));
  const { look, drawing } = panel;
  // The legend may scroll; the lines have the better half.
  const legend = drawing.legend ? Math.min(HEAD + LINE * shown.length, height * 0.42) : 0;
  return (
    <>
      <Chart
        title={title}
        titled={false}
        series={shown}
        unit={units.size === 1 ? shown[0]!.look.unit : look.unit}
        decimals={look.decimals}
        height={Math.max(110, height - legend)}
        stacked={drawing.stacked}
        drawing={drawing.style}
        fill={drawing.fill}
        range={[look.min, look.max]}
        bands={drawing.bands ? bandsOf(look) : []}
        legend={drawing.legend}
        span={[scope.from / 1_000, scope.to / 1_000]}
        onZoom={onZoom}
      />
      {found.length > MOST && (
        <p class="faint">
          {MOST} of {found.length} series are drawn
        </p>
      )}
    </>
  );
}

function bandsOf(look: Look): Band[] {
  if (look.relative) return [];
  return look.thresholds.flatMap(({ from, tone }, index) => {
    const to = look.thresholds[index + 1]?.from ?? null;
    return tone && tone !== "up"
      ? [{ from: Number.isFinite(from) ? from : null, to, tone, label: WORDS[tone] }]
      : [];
  });
}
