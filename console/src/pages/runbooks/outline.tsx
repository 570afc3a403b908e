/** The steps of a runbook as the book writes them. */

import type { OutlinedStep } from "../../api/types";
import { ClassWord } from "./class-word";

export function Outline({ steps }: { steps: readonly OutlinedStep[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Steps of the runbook">
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">What</th>
            <th scope="col">Class</th>
            <th scope="col">Proven by</th>
            <th scope="col">Taken back by</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((each) => (
            <tr key={each.path}>
              <th scope="row">{each.path}</th>
              <td>
                <span class="mono">{each.subject}</span>
                {each.condition && <div class="faint">if {each.condition}</div>}
                {each.description && <div>{each.description}</div>}
              </td>
              <td>
                <ClassWord number={each.action_class} />
              </td>
              <td>{each.verified_by.join("; ")}</td>
              <td>
                {each.rolled_back_by.join("; ") || <span class="faint">{each.no_rollback}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
