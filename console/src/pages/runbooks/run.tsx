/** One run: how it stands, what it waits for, its steps, and what it writes. */

import "./runbooks.css";
import { type Signal, useSignal } from "@preact/signals";
import { useRoute } from "preact-iso";
import { api, told } from "../../api/client";
import type { Run } from "../../api/types";
import { incidents, runs, written } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { duration, For, Moment } from "../../parts/moment";
import { Page } from "../../parts/page";
import { RunOutput } from "../../parts/run-output";
import { RunQuestion } from "../../parts/run-question";
import { RunState } from "../../parts/run-state";
import { withValues } from "../../parts/run-table";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { useWhenTold } from "../../parts/when-told";
import { RunActs } from "./run-acts";
import { RunSteps } from "./run-steps";

export default function RunPage() {
  const number = useRoute().params["number"] ?? "";
  const live = runs.value[number];
  const path = { number };
  const { asked, again } = useAsked(
    () => told(api.GET("/api/runs/{number}", { params: { path } })),
    [number, live],
  );
  // What is live is some seconds old where the database is slow: it only says when to ask.
  const run = asked.value.data?.id === number ? asked.value.data : null;
  // Steps that begin and end are in the ledger, but for those that only look.
  const steps = useSignal(0);
  useWhenTold(`${written.value} ${steps.value}`, again, run !== null && !run.ended_at);
  return (
    <Page title={run ? `Run of ${run.runbook}` : "Run"} beside={run && <RunState run={run} />}>
      {!run && <Trouble asked={asked.value} />}
      {run && <Shown run={run} steps={steps} />}
    </Page>
  );
}

function Shown({ run, steps }: { run: Run; steps: Signal<number> }) {
  return (
    <>
      <RunQuestion run={run} />
      <Facts run={run} />
      <RunActs run={run} />
      <h2>Steps</h2>
      <RunSteps steps={run.steps} />
      <h2>Output</h2>
      <RunOutput run={run.id} round={run.round} steps={steps} />
    </>
  );
}

function Facts({ run }: { run: Run }) {
  return (
    <section class="panel" aria-label="About this run">
      {run.error && <p class="trouble">{run.error}</p>}
      <dl class="facts">
        <dt>Runbook</dt>
        <dd>
          <a href={at(`runbooks/${encodeURIComponent(run.runbook)}`)}>{run.runbook}</a>
        </dd>
        <dt>Who and why</dt>
        <dd>
          <b>{run.by}</b>: {run.why}
        </dd>
        <Parameters run={run} />
        <dt>Class</dt>
        <dd>
          {run.run_class}
          {run.unattended && ", unattended"}
          {run.drill && `, in the drill ${run.drill}`}
        </dd>
        <dt>When</dt>
        <dd>
          <When run={run} />
        </dd>
        {run.incident && <Incident number={run.incident} />}
        {run.cancelled_by && (
          <>
            <dt>Cancelled by</dt>
            <dd>{run.cancelled_by}</dd>
          </>
        )}
        <dt>Number</dt>
        <dd class="mono">{run.id}</dd>
      </dl>
    </section>
  );
}

function Parameters({ run }: { run: Run }) {
  if (Object.keys(run.parameters).length === 0) return null;
  return (
    <>
      <dt>With</dt>
      <dd class="mono">{withValues(run.parameters)}</dd>
    </>
  );
}

function When({ run }: { run: Run }) {
  const seconds = (Date.parse(run.ended_at ?? "") - Date.parse(run.requested_at)) / 1_000;
  return (
    <>
      asked for <Moment at={run.requested_at} />
      {run.ended_at ? (
        <>
          , ended <Moment at={run.ended_at} /> after{" "}
          {seconds < 1 ? "less than 1 s" : duration(seconds)}
        </>
      ) : (
        <>
          , under way for <For since={run.requested_at} />
        </>
      )}
      {run.round > 0 && `, resumed ${run.round === 1 ? "once" : `${run.round} times`}`}
    </>
  );
}

function Incident({ number }: { number: string }) {
  const title = incidents.value[number]?.title;
  return (
    <>
      <dt>Incident</dt>
      <dd>
        <a href={at(`incidents/${encodeURIComponent(number)}`)}>{number}</a> {title}
      </dd>
    </>
  );
}
