/** Ending a run before its time, or carrying one on that failed. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Run } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";

export function RunActs({ run }: { run: Run }) {
  const asking = useSignal<"" | "cancel" | "resume">("");
  const close = () => (asking.value = "");
  const mayResume = run.ended_at !== null && run.state !== "succeeded" && !run.rolled_back;
  return (
    <div class="runbook-acts">
      {!run.ended_at && !run.cancelled_by && (
        <ActButton onClick={() => (asking.value = "cancel")}>Cancel</ActButton>
      )}
      {mayResume && <ActButton onClick={() => (asking.value = "resume")}>Resume</ActButton>}
      {asking.value === "cancel" && <Cancel run={run} close={close} />}
      {asking.value === "resume" && <Resume run={run} close={close} />}
    </div>
  );
}

function Cancel({ run, close }: { run: Run; close: () => void }) {
  const act = async (values: Record<string, string>) => {
    const params = { path: { number: run.id } };
    const body = { why: values["why"] ?? "", by: "" };
    await told(api.POST("/api/runs/{number}/cancellation", { params, body }));
    return "It stops";
  };
  return (
    <Dialog title="Cancel this run?" doing="Cancel the run" danger act={act} close={close}>
      <p>What its step is doing is told to stop, and no other begins. What was done stays.</p>
      <Field label="Why" name="why" required />
    </Dialog>
  );
}

function Resume({ run, close }: { run: Run; close: () => void }) {
  const begun = run.steps.filter((each) => each.tries > 0 || each.state !== "not begun");
  const choices = [
    ["", "where it stopped"] as const,
    ...begun.map((each) => [each.path, each.path] as const),
  ];
  const act = async (values: Record<string, string>) => {
    const params = { path: { number: run.id } };
    const body = { why: values["why"] ?? "", by: "", at: values["at"] || null };
    await told(api.POST("/api/runs/{number}/resumption", { params, body }));
    return "It goes on";
  };
  return (
    <Dialog title="Resume this run?" doing="Resume" act={act} close={close}>
      <Field label="From" name="at" choices={choices} value="" />
      <Field label="Why" name="why" required />
    </Dialog>
  );
}
