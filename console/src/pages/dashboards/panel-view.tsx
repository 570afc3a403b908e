/** A panel: its title, what it shows, and what of it is not understood. */

import type { ComponentType } from "preact";
import { useId } from "preact/hooks";
import { useAsked } from "../../parts/asked";
import { Trouble } from "../../parts/trouble";
import { BarGauge } from "./draw/bar-gauge";
import { Gauge } from "./draw/gauge";
import { Heatmap } from "./draw/heatmap";
import { Lines } from "./draw/lines";
import { Stat } from "./draw/stat";
import { PanelTable } from "./draw/panel-table";
import { Text } from "./draw/text";
import type { Kind, Panel } from "./model";
import { type Found, panelData } from "./panel-data";
import { inWords, type Scope } from "./variables";

export interface Drawn {
  panel: Panel;
  title: string;
  found: readonly Found[];
  scope: Scope;
  /** Pixels that there are for it. */
  height: number;
  onZoom: (start: number, end: number) => void;
}

const DRAWINGS: Readonly<Record<Exclude<Kind, "text">, ComponentType<Drawn>>> = {
  stat: Stat,
  gauge: Gauge,
  bargauge: BarGauge,
  graph: Lines,
  timeseries: Lines,
  heatmap: Heatmap,
  table: PanelTable,
};
const ROW = 38;
const FRAME = 60;

interface Props {
  panel: Panel;
  scope: Scope;
  onZoom: Drawn["onZoom"];
}

export function PanelView({ panel, scope, onZoom }: Props) {
  const heading = useId();
  const title = inWords(panel.title, scope);
  const place = {
    "--x": panel.x + 1,
    "--y": Math.round(panel.y) + 1,
    "--w": panel.width,
    "--h": Math.max(2, Math.round(panel.height)),
  };
  return (
    <section
      class={`board-panel kind-${panel.kind ?? "unknown"}`}
      style={place as Record<string, number>}
      aria-labelledby={heading}
    >
      <h3 id={heading} class={title ? "" : "unseen"}>
        {title || `Panel ${panel.id}`}
      </h3>
      {panel.description && (
        <p class="faint about" title={inWords(panel.description, scope)}>
          {inWords(panel.description, scope)}
        </p>
      )}
      {panel.notUnderstood.length > 0 && (
        <p class="not-understood">not understood: {panel.notUnderstood.join(", ")}</p>
      )}
      {panel.kind === "text" ? (
        <Text text={inWords(panel.text, scope)} markdown={panel.markdown} />
      ) : panel.kind !== null && panel.targets.length > 0 ? (
        <Asked panel={panel} title={title} scope={scope} onZoom={onZoom} />
      ) : (
        <p class="faint">Nothing is shown here.</p>
      )}
    </section>
  );
}

function Asked({ panel, title, scope, onZoom }: Props & { title: string }) {
  const { asked } = useAsked(
    () => panelData(panel, scope),
    [panel, scope.chosen, scope.from, scope.to],
  );
  const { data, problem } = asked.value;
  const Drawing = DRAWINGS[panel.kind as Exclude<Kind, "text">];
  if (!data || problem) return <Trouble asked={asked.value} />;
  return (
    <div class="panel-body">
      <Drawing
        panel={panel}
        title={title}
        found={data.found}
        scope={scope}
        height={panel.height * ROW - FRAME}
        onZoom={onZoom}
      />
      {data.warnings.map((each) => (
        <p class="tone-degraded">{each}</p>
      ))}
    </div>
  );
}
