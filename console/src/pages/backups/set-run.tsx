/** A run that was asked for on this page, until it has ended. */

import { useEffect } from "preact/hooks";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { StateWord } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { Progress } from "./progress";

const UNDER_WAY = new Set(["waiting", "running"]);

export function SetRun({ name, run, done }: { name: string; run: string; done: () => void }) {
  const path = { name, run };
  const { asked, again } = useAsked(
    () => told(api.GET("/api/backups/{name}/runs/{run}", { params: { path } })),
    [run],
  );
  const { data } = asked.value;
  const going = data === null || UNDER_WAY.has(data.state);
  useEvery(1, again, going);
  useEffect(() => {
    if (!going) done();
  }, [going]);
  return (
    <div class="panel" role="status">
      <Trouble asked={asked.value} />
      {data && (
        <p>
          {going ? (
            <strong>under way</strong>
          ) : (
            <StateWord
              state={data.error ? "down" : "up"}
              word={data.error ? "failed" : data.state}
            />
          )}
          {data.steps.length > 0 && <span class="faint"> · {data.steps.join(" → ")}</span>}
        </p>
      )}
      {data?.progress && <Progress progress={data.progress} />}
      {data?.error && <p class="trouble">{data.error}</p>}
      {data?.result && (
        <details>
          <summary>What came of it</summary>
          <pre>{JSON.stringify(data.result, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}
