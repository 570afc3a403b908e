/** How a run or a step of one stands, as shape and word. */

import type { Run, RunStep } from "../api/types";
import { StateWord, type Tone } from "./state";

const RUNS: Readonly<Record<string, Tone>> = {
  waiting: "late",
  running: "maintenance",
  succeeded: "up",
  failed: "down",
};
const STEPS: Readonly<Record<string, Tone>> = {
  waiting: "late",
  running: "maintenance",
  done: "up",
  failed: "down",
  "rolled back": "degraded",
};

export function RunState({ run }: { run: Run }) {
  const asks = run.waiting?.kind === "approval" || run.waiting?.kind === "decision";
  if (asks) return <StateWord state="late" word={`waits for ${withArticle(run.waiting?.kind)}`} />;
  if (run.cancelled_by && !run.ended_at) return <StateWord state="late" word="stopping" />;
  const word = run.rolled_back ? `${run.state}, rolled back` : run.state;
  return <Word tone={RUNS[run.state]} word={word} />;
}

export function StepState({ step }: { step: RunStep }) {
  return <Word tone={STEPS[step.state]} word={step.state} />;
}

/** Nothing is unknown about what was left out or cancelled: no question mark beside it. */
function Word({ tone, word }: { tone: Tone | undefined; word: string }) {
  return tone ? <StateWord state={tone} word={word} /> : <span class="faint">{word}</span>;
}

function withArticle(kind: string | undefined): string {
  return kind === "approval" ? "an approval" : "a decision";
}
