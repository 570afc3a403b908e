/** A run of a drill that was asked for on this page: how far it is. */

import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { Trouble } from "../../parts/trouble";

const ENDED = new Set(["succeeded", "failed", "cancelled", "expired"]);

export function DrillRun({ drill, run }: { drill: string; run: string }) {
  const path = { name: drill, run };
  const { asked, again } = useAsked(
    () => told(api.GET("/api/drills/{name}/runs/{run}", { params: { path } })),
    [run],
  );
  const { data } = asked.value;
  const ended = data !== null && ENDED.has(data.state);
  useEvery(1, again, !ended);
  return (
    <div class="under-way" role="status">
      <Trouble asked={asked.value} />
      {data && (
        <p>
          this run: <strong>{data.state === "asked" ? "waits for consent" : data.state}</strong>
          {data.steps.length > 0 && <span class="faint"> · {data.steps.join(" → ")}</span>}
        </p>
      )}
      {data?.error && <p class="trouble">{data.error}</p>}
    </div>
  );
}
