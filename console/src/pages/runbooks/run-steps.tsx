/** The steps of a run: how each went, what it found, and what proves it. */

import type { RunStep } from "../../api/types";
import { duration } from "../../parts/moment";
import { StepState } from "../../parts/run-state";
import { Table } from "../../parts/table";

export function RunSteps({ steps }: { steps: readonly RunStep[] }) {
  if (steps.length === 0) return <p class="faint">Nothing of it has begun.</p>;
  return (
    <Table
      label="Steps of the run"
      columns={[
        "Step",
        "State",
        "What came of it",
        { text: "Tries", number: true },
        { text: "Took", number: true },
      ]}
    >
      {steps.map((each) => (
        <tr key={each.path}>
          <th scope="row">
            {each.path}
            <div class="step-subject mono">{each.subject}</div>
          </th>
          <td>
            <StepState step={each} />
          </td>
          <td>
            {each.error && <p class="trouble">{each.error}</p>}
            <Found title="Result" value={each.result} />
            <Found title="Verified" value={each.verified} />
          </td>
          <td class="number">{each.tries > 0 ? each.tries : ""}</td>
          <td class="number">{took(each)}</td>
        </tr>
      ))}
    </Table>
  );
}

function took(step: RunStep): string {
  if (!step.started_at || !step.ended_at) return "";
  return duration(Math.max(0, Date.parse(step.ended_at) - Date.parse(step.started_at)) / 1_000);
}

/** Whatever a kind of step gives, as names and values. */
function Found({ title, value }: { title: string; value: unknown }) {
  if (value === null || value === undefined) return null;
  const pairs = typeof value === "object" ? Object.entries(value) : [["", value] as const];
  if (pairs.length === 0) return null;
  return (
    <details open={pairs.length <= 4}>
      <summary>{title}</summary>
      <dl class="facts step-found">
        {pairs.map(([name, each]) => (
          <>
            <dt>{name}</dt>
            <dd class="mono">{typeof each === "string" ? each : JSON.stringify(each)}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}
