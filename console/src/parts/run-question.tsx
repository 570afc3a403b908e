/** What a run waits for, and the answer, for those who may give it. */

import "./run.css";
import { useSignal } from "@preact/signals";
import { api, told } from "../api/client";
import type { components } from "../api/schema";
import type { Run } from "../api/types";
import { ActButton } from "./act-button";
import { Dialog } from "./dialog";
import { Field } from "./field";
import { Ago, Moment } from "./moment";
import { allows } from "../session";

type Choice = components["schemas"]["Decision"]["choice"];

const MEANINGS: Record<Choice, string> = {
  retry: "Try the step again",
  skip: "Go on without it",
  rollback: "Take back what was done",
  stop: "Stop here, as it is",
};

export function RunQuestion({ run }: { run: Run }) {
  const { waiting } = run;
  if (!waiting) return null;
  return (
    <section class="panel tone-edge-late run-question" aria-label="What it waits for">
      <h2>{TITLES[waiting.kind] ?? "It waits"}</h2>
      <p>{waiting.what}</p>
      <p class="faint">
        Waits since <Moment at={waiting.since} />
        {waiting.until && (
          <>
            ; gives up <Ago at={waiting.until} /> (<Moment at={waiting.until} />)
          </>
        )}
      </p>
      {waiting.kind === "approval" && <Approval run={run} />}
      {waiting.kind === "decision" && <Decision run={run} choices={waiting.choices} />}
    </section>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  approval: "A second person must approve it",
  decision: "Somebody must decide how it goes on",
  queue: "It waits for its turn",
  service: "It waits for a service",
  time: "It waits for its time",
};

function Approval({ run }: { run: Run }) {
  const asking = useSignal<"" | "approval" | "refusal">("");
  const approves = asking.value === "approval";
  const act = async (values: Record<string, string>) => {
    const given = {
      params: { path: { number: run.id } },
      body: { why: values["why"] ?? "", by: "" },
    };
    if (approves) await told(api.POST("/api/runs/{number}/approval", given));
    else await told(api.POST("/api/runs/{number}/refusal", given));
    return approves ? `${run.runbook} is approved` : `${run.runbook} is refused`;
  };
  const ask = (what: "approval" | "refusal") => () => (asking.value = what);
  return (
    <div class="buttons">
      <ActButton role="approver" onClick={ask("approval")}>
        Approve
      </ActButton>
      {allows("approver") && (
        <ActButton role="approver" danger onClick={ask("refusal")}>
          Refuse
        </ActButton>
      )}
      {asking.value && (
        <Dialog
          title={`${approves ? "Approve" : "Refuse"} ${run.runbook}?`}
          doing={approves ? "Approve" : "Refuse"}
          danger={!approves}
          act={act}
          close={() => (asking.value = "")}
        >
          <p>{run.waiting?.what}</p>
          <Field label="Why" name="why" required />
        </Dialog>
      )}
    </div>
  );
}

function Decision({ run, choices }: { run: Run; choices: readonly string[] }) {
  const asking = useSignal<Choice | null>(null);
  const choice = asking.value;
  const act = async (values: Record<string, string>) => {
    if (!choice) return;
    const body = { choice, why: values["why"] ?? "", by: "" };
    const params = { path: { number: run.id } };
    await told(api.POST("/api/runs/{number}/decision", { params, body }));
    return `${run.runbook}: ${choice}`;
  };
  return (
    <div class="buttons">
      {choices.map((each) => (
        <ActButton onClick={() => (asking.value = each as Choice)}>
          {MEANINGS[each as Choice] ?? each}
        </ActButton>
      ))}
      {choice && (
        <Dialog
          title={`${run.runbook}: ${MEANINGS[choice] ?? choice}?`}
          doing={MEANINGS[choice] ?? choice}
          act={act}
          close={() => (asking.value = null)}
        >
          <p>{run.waiting?.what}</p>
          <Field label="Why" name="why" />
        </Dialog>
      )}
    </div>
  );
}
