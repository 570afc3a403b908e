/** Runs of runbooks, the newest first. */

import type { Run } from "../api/types";
import { at } from "../place";
import { duration, Moment } from "./moment";
import { RunState } from "./run-state";
import { type Column, Table } from "./table";

const COLUMNS: readonly Column[] = [
  "Run",
  "State",
  "Who and why",
  "With",
  { text: "Took", number: true },
];

interface Props {
  label: string;
  runs: readonly Run[];
  /** Left out where all are of one runbook. */
  named?: boolean;
}

export function RunTable({ label, runs, named = true }: Props) {
  return (
    <Table label={label} columns={named ? ["Runbook", ...COLUMNS] : COLUMNS}>
      {runs.map((each) => (
        <tr key={each.id}>
          {named && <td>{each.runbook}</td>}
          <th scope="row">
            <a href={at(`runs/${encodeURIComponent(each.id)}`)} aria-label={`Run ${each.id}`}>
              <Moment at={each.requested_at} />
            </a>
          </th>
          <td>
            <RunState run={each} />
          </td>
          <td>
            <b>{each.by}</b>: {each.why}
          </td>
          <td class="mono">{withValues(each.parameters)}</td>
          <td class="number">{took(each)}</td>
        </tr>
      ))}
    </Table>
  );
}

export function withValues(parameters: Run["parameters"]): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function took(run: Run): string {
  if (!run.ended_at || !run.started_at) return "";
  const seconds = (Date.parse(run.ended_at) - Date.parse(run.requested_at)) / 1_000;
  // The end may be known to the second only.
  return seconds < 1 ? "under 1 s" : duration(seconds);
}
