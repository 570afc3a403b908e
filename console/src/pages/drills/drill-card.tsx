/** One drill, with the evidence of its last run, and the run that is under way. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Drill } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { DrillConsent } from "../../parts/drill-consent";
import { Field } from "../../parts/field";
import { Ago } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { askedOf } from "../../parts/waiting";
import { at } from "../../place";
import { DrillRun } from "./drill-run";
import { Evidence } from "./evidence";
import { standing } from "./standing";

export function DrillCard({ drill }: { drill: Drill }) {
  const asking = useSignal(false);
  const run = useSignal<string | null>(null);
  const { tone } = standing(drill.state);
  const asked = askedOf(drill.name);
  return (
    <li class={`tile tone-edge-${tone}`} id={drill.name}>
      <header>
        <h2>{drill.name}</h2>
        <StateWord state={tone} word={drill.state} />
      </header>
      <p>{drill.description}</p>
      <dl class="facts">
        <dt>hurts</dt>
        <dd>
          {drill.service ? <a href={at(`services/${drill.service}`)}>{drill.service}</a> : null}{" "}
          <span class="faint">{drill.fault}</span>
        </dd>
        <dt>last run</dt>
        <dd>
          <Ago at={drill.ran_at} />
        </dd>
        {drill.due_at && (
          <>
            <dt>due</dt>
            <dd>
              <Ago at={drill.due_at} />
            </dd>
          </>
        )}
      </dl>
      {drill.evidence && <Evidence evidence={drill.evidence} />}
      {run.value && <DrillRun drill={drill.name} run={run.value} />}
      {asked && (
        <div class="asked">
          <p>
            <strong>Waits for a second person:</strong> {asked.what}
          </p>
          <DrillConsent item={asked} />
        </div>
      )}
      <p class="bar">
        <ActButton label={`Run ${drill.name}`} onClick={() => (asking.value = true)}>
          Run
        </ActButton>
        {drill.production && <span class="faint">production: a second person has to approve</span>}
      </p>
      {asking.value && (
        <Dialog
          title={`Run the drill ${drill.name}`}
          doing="Run"
          danger
          close={() => (asking.value = false)}
          act={async ({ why = "" }) => {
            const path = { name: drill.name };
            const body = { why, by: "" };
            const begun = await told(
              api.POST("/api/drills/{name}/runs", { params: { path }, body }),
            );
            run.value = begun.id;
            return begun.state === "asked" ? "It waits for a second person's consent." : "It runs.";
          }}
        >
          <p>
            It hurts {drill.service ?? "the platform"} for real, and takes back what it did whatever
            happens.
          </p>
          <Field label="Why" name="why" required />
        </Dialog>
      )}
    </li>
  );
}
