/** How the line of a series looks. */

import { colourOf, dashOf } from "./theme";

export function Stroke({ index }: { index: number }) {
  return (
    <svg class="stroke" viewBox="0 0 26 8" aria-hidden="true">
      <line
        x1="0"
        y1="4"
        x2="26"
        y2="4"
        style={{ stroke: `var(${colourOf(index)})` }}
        stroke-width="3"
        stroke-dasharray={dashOf(index).join(" ")}
      />
    </svg>
  );
}
