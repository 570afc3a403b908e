/** One runbook: what it does, what it would do now, and how it went before. */

import "./runbooks.css";
import { useSignal } from "@preact/signals";
import { useLocation, useRoute } from "preact-iso";
import { api, told } from "../../api/client";
import type { Plan, Runbook } from "../../api/types";
import { runs } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { useQuery } from "../../parts/query";
import { RunTable } from "../../parts/run-table";
import { say } from "../../parts/said";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { ClassWord } from "./class-word";
import { newest } from "./newest";
import { Outline } from "./outline";
import { ParameterFields, useParameters } from "./parameter-fields";
import { PlanShown } from "./plan";
import { Proven } from "./proven";
import { RunNow } from "./run-now";

export default function RunbookPage() {
  const name = useRoute().params["name"] ?? "";
  const { asked } = useAsked(() => told(api.GET("/api/runbooks")), []);
  const runbook = asked.value.data?.find((each) => each.name === name);
  return (
    <Page title={name} beside={runbook && <Proven runbook={runbook} />}>
      <Trouble asked={asked.value} />
      {runbook && <Shown runbook={runbook} key={name} />}
      {asked.value.data && !runbook && <p class="panel">The book has no runbook of this name.</p>}
    </Page>
  );
}

function Shown({ runbook }: { runbook: Runbook }) {
  return (
    <>
      {runbook.description && <p class="runbook-for">{runbook.description}</p>}
      <p>
        Class <ClassWord number={runbook.run_class} />
      </p>
      <Carry runbook={runbook} />
      <h2>Steps</h2>
      <Outline steps={runbook.outline} />
      <PastRuns name={runbook.name} />
    </>
  );
}

/** Its parameters, what a run with them would do, and the run. */
function Carry({ runbook }: { runbook: Runbook }) {
  const [incident] = useQuery("incident");
  const { route } = useLocation();
  const parameters = useParameters(runbook.parameters);
  const plan = useSignal<Plan | null>(null);
  const busy = useSignal(false);
  const running = useSignal(false);
  const dryRun = async (): Promise<boolean> => {
    const given = parameters.given();
    if (!given) return false;
    busy.value = true;
    try {
      const params = { path: { name: runbook.name } };
      const body = { parameters: given };
      plan.value = await told(api.POST("/api/runbooks/{name}/plan", { params, body }));
      return true;
    } catch (error) {
      const said = (error as Error).message;
      if (!parameters.refused(said)) say(said, true);
      return false;
    } finally {
      busy.value = false;
    }
  };
  // What has to be typed is known once it is known what would be done.
  const begin = async () => {
    if (runbook.run_class >= 2 ? await dryRun() : parameters.given()) running.value = true;
  };
  return (
    <section class="panel" aria-label="Run it">
      <ParameterFields
        parameters={runbook.parameters}
        state={parameters}
        changed={() => (plan.value = null)}
      />
      <div class="runbook-acts">
        <ActButton onClick={() => void dryRun()}>{busy.value ? "Asking…" : "Dry run"}</ActButton>
        <ActButton onClick={() => void begin()}>Run now</ActButton>
        <span class="faint">A dry run changes nothing.</span>
      </div>
      {plan.value && <PlanShown plan={plan.value} />}
      {running.value && (
        <RunNow
          runbook={runbook}
          given={parameters.given() ?? {}}
          confirm={plan.value?.confirm ?? ""}
          incident={incident}
          refused={parameters.refused}
          close={() => (running.value = false)}
          begun={(id) => route(at(`runs/${encodeURIComponent(id)}`))}
        />
      )}
    </section>
  );
}

function PastRuns({ name }: { name: string }) {
  const query = { runbook: name, limit: 50 };
  const { asked } = useAsked(() => told(api.GET("/api/runs", { params: { query } })), [name]);
  const live = Object.values(runs.value).filter((each) => each.runbook === name);
  const all = newest(asked.value.data ?? [], live);
  return (
    <>
      <h2>Past runs</h2>
      <Trouble asked={asked.value} />
      {all.length > 0 && <RunTable label={`Runs of ${name}`} runs={all} named={false} />}
      {asked.value.data && all.length === 0 && <p class="faint">It has never run.</p>}
    </>
  );
}
