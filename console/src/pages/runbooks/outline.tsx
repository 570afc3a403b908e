/** The steps of a runbook as the book writes them. */

import type { OutlinedStep } from "../../api/types";
import { ClassWord } from "./class-word";
import { Table } from "../../parts/table";

export function Outline({ steps }: { steps: readonly OutlinedStep[] }) {
  return (
    <Table
      label="Steps of the runbook"
      columns={["Step", "What", "Class", "Proven by", "Taken back by"]}
    >
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
          <td>{each.rolled_back_by.join("; ") || <span class="faint">{each.no_rollback}</span>}</td>
        </tr>
      ))}
    </Table>
  );
}
