/** Incidents in rows. */

import type { Incident } from "../../api/types";
import { Ago, Moment } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { StateMark } from "../../parts/state";
import { at } from "../../place";
import { IncidentState } from "./incident-state";
import { Table } from "../../parts/table";

export function IncidentTable({ label, list }: { label: string; list: readonly Incident[] }) {
  return (
    <Table
      label={label}
      columns={["State", "Severity", "Incident", "Services", "Owner", "Opened", "Next"]}
    >
      {list.map((each) => (
        <tr key={each.id}>
          <td>
            <IncidentState incident={each} />
          </td>
          <td class="severity">
            <StateMark state={toneOf(each.severity)} /> {each.severity}
          </td>
          <th scope="row" class="incident-title">
            <a href={at(`incidents/${encodeURIComponent(each.id)}`)}>{each.title}</a>
            <div class="faint incident-number">{each.id}</div>
          </th>
          <td>{each.services.join(", ")}</td>
          <td>{each.owner || <span class="faint">nobody</span>}</td>
          <td>
            <Moment at={each.opened_at} />
          </td>
          <td>
            <Next incident={each} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Next({ incident }: { incident: Incident }) {
  if (incident.state === "closed")
    return (
      <>
        closed <Moment at={incident.closed_at} />
      </>
    );
  if (incident.next_level) {
    return (
      <>
        {incident.next_level} is paged <Ago at={incident.next_page_at} />
      </>
    );
  }
  return (
    <span class="faint">
      {incident.state === "recovered" ? "to be closed" : "nobody else is paged"}
    </span>
  );
}
