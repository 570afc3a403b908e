/** What a run waits for, and the answer, for those who may give it. */

import "./run.css";
import { useRef } from "preact/hooks";
import { api, told } from "../api/client";
import type { components } from "../api/schema";
import type { Run } from "../api/types";
import { runs } from "../live/platform";
import { ActButton } from "./act-button";
import { ask } from "./ask";
import { Consent } from "./consent";
import { Dialog } from "./dialog";
import { useFate } from "./fate";
import { Field } from "./field";
import { Ago, Moment } from "./moment";

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
  const answer = (approves: boolean) =>
    ask((close) => <ApprovalDialog run={run} approves={approves} close={close} />);
  return <Consent answer={answer} />;
}

interface ApprovalProps {
  run: Run;
  approves: boolean;
  close: () => void;
}

function ApprovalDialog({ run, approves, close }: ApprovalProps) {
  const fate = useRunFate(run);
  const act = async (values: Record<string, string>) => {
    const given = {
      params: { path: { number: run.id } },
      body: { why: values["why"] ?? "", by: "" },
    };
    if (approves) await told(api.POST("/api/runs/{number}/approval", given));
    else await told(api.POST("/api/runs/{number}/refusal", given));
    return approves ? `${run.runbook} is approved` : `${run.runbook} is refused`;
  };
  return (
    <Dialog
      title={`${approves ? "Approve" : "Refuse"} ${run.runbook}?`}
      doing={approves ? "Approve" : "Refuse"}
      danger={!approves}
      fate={fate}
      act={act}
      close={close}
    >
      <p>{run.waiting?.what}</p>
      <Field label="Why" name="why" required />
    </Dialog>
  );
}

function Decision({ run, choices }: { run: Run; choices: readonly string[] }) {
  return (
    <div class="buttons">
      {choices.map((each) => (
        <ActButton
          onClick={() =>
            ask((close) => <DecisionDialog run={run} choice={each as Choice} close={close} />)
          }
        >
          {MEANINGS[each as Choice] ?? each}
        </ActButton>
      ))}
    </div>
  );
}

interface DecisionProps {
  run: Run;
  choice: Choice;
  close: () => void;
}

function DecisionDialog({ run, choice, close }: DecisionProps) {
  const fate = useRunFate(run);
  const act = async (values: Record<string, string>) => {
    const body = { choice, why: values["why"] ?? "", by: "" };
    const params = { path: { number: run.id } };
    await told(api.POST("/api/runs/{number}/decision", { params, body }));
    return `${run.runbook}: ${choice}`;
  };
  const doing = MEANINGS[choice] ?? choice;
  return (
    <Dialog title={`${run.runbook}: ${doing}?`} doing={doing} fate={fate} act={act} close={close}>
      <p>{run.waiting?.what}</p>
      <Field label="Why" name="why" />
    </Dialog>
  );
}

/** Null as long as the run waits for the same. */
function useRunFate({ id, waiting }: Run): string | null {
  const seen = useRef(false);
  const same = runs.value[id]?.waiting?.since === waiting?.since;
  seen.current ||= same;
  const gone = seen.current && !same;
  return useFate(gone, id, waiting?.since ?? "", "It does not wait for this any more");
}
