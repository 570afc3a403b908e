/** What a run would do now: before → after for each step, and the signature for it. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Plan, PlannedStep } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { StateWord } from "../../parts/state";

export function PlanShown({ plan }: { plan: Plan }) {
  return (
    <section class="plan" aria-label="What a run would do">
      <h2>What a run would do now</h2>
      <ol class="plan-steps">
        {plan.steps.map((each) => (
          <Planned key={each.path} step={each} />
        ))}
      </ol>
      <Signature plan={plan} />
    </section>
  );
}

function Planned({ step }: { step: PlannedStep }) {
  const prechecks = Object.entries(step.prechecks);
  return (
    <li class={step.would_run === false ? "plan-not" : ""}>
      <h3>
        {step.path} <span class="faint">{step.subject}</span>
      </h3>
      <p>
        <Would step={step} />
        {step.reason && `: ${step.reason}`}
      </p>
      {prechecks.map(([name, found]) => (
        <p>
          <span class="faint">precheck {name}</span> {found}
        </p>
      ))}
      {step.change && (
        <dl class="plan-change">
          <dt>{step.change.what}</dt>
          <dd>
            <span class="plan-before">
              <span class="faint">before</span> {step.change.before}
            </span>
            <span class="plan-arrow" aria-hidden="true">
              →
            </span>
            <span class="plan-after">
              <span class="faint">after</span> {step.change.after}
            </span>
          </dd>
        </dl>
      )}
      {step.verified_by.length > 0 && <p class="faint">Proven by: {step.verified_by.join("; ")}</p>}
      <WayBack step={step} />
    </li>
  );
}

function Would({ step }: { step: PlannedStep }) {
  if (step.would_run === false) return <span class="faint">would not run</span>;
  if (step.would_run === null) return <StateWord state="unknown" word="only the run can tell" />;
  return <StateWord state="up" word={step.action_class === 0 ? "looks" : "would run"} />;
}

function WayBack({ step }: { step: PlannedStep }) {
  if (step.rolled_back_by.length > 0) {
    const proven = step.proven ? "proven" : "unproven: no drill has exercised it";
    return (
      <p class="faint">
        Taken back by: {step.rolled_back_by.join("; ")} ({proven})
      </p>
    );
  }
  return step.no_rollback ? <p class="faint">Not taken back: {step.no_rollback}</p> : null;
}

function Signature({ plan }: { plan: Plan }) {
  const signing = useSignal(false);
  const act = async () => {
    await told(
      api.POST("/api/plans/{digest}/signature", { params: { path: { digest: plan.digest } } }),
    );
    return "The plan is signed";
  };
  return (
    <div class="plan-signature">
      <span>
        Digest <code title={plan.digest}>{plan.digest.slice(0, 16)}…</code>
      </span>
      <ActButton role="approver" onClick={() => (signing.value = true)}>
        Sign
      </ActButton>
      {signing.value && (
        <Dialog
          title="Sign this plan?"
          doing="Sign"
          act={act}
          close={() => (signing.value = false)}
        >
          <p>
            {plan.runbook} may then be carried out with exactly these parameters while nobody
            watches, for as long as the procedure stays as it is.
          </p>
          <p class="mono">{plan.digest}</p>
        </Dialog>
      )}
    </div>
  );
}
