/** Panels on a grid of 24 columns, in rows that can be closed; on a phone one below the other. */

import type { Panel, Section } from "./model";
import { PanelView } from "./panel-view";
import type { Scope } from "./variables";
import { inWords } from "./variables";

interface Props {
  sections: readonly Section[];
  scope: Scope;
  onZoom: (start: number, end: number) => void;
}

export function Sections({ sections, scope, onZoom }: Props) {
  return (
    <>
      {sections.map((each, index) =>
        each.title === null ? (
          <Grid key={index} panels={each.panels} scope={scope} onZoom={onZoom} />
        ) : (
          <Row
            key={index}
            section={each}
            title={inWords(each.title, scope)}
            scope={scope}
            onZoom={onZoom}
          />
        ),
      )}
    </>
  );
}

function Row({
  section,
  title,
  scope,
  onZoom,
}: Omit<Props, "sections"> & { section: Section; title: string }) {
  return (
    <details class="board-row" open={!section.collapsed}>
      <summary>
        <h2>{title || "Row"}</h2>
      </summary>
      <Grid panels={section.panels} scope={scope} onZoom={onZoom} />
    </details>
  );
}

function Grid({ panels, scope, onZoom }: Omit<Props, "sections"> & { panels: readonly Panel[] }) {
  return (
    <div class="board">
      {panels.map((each, index) => (
        <PanelView key={index} panel={each} scope={scope} onZoom={onZoom} />
      ))}
    </div>
  );
}
