/** Why there is nothing to show, or that it is still asked for. */

import type { Asked } from "./asked";

export function Trouble({ asked }: { asked: Asked<unknown> }) {
  if (asked.problem)
    return (
      <p class="trouble" role="alert">
        {asked.problem.message}
      </p>
    );
  if (asked.asking && asked.data === null) return <p class="faint">asking…</p>;
  return null;
}
