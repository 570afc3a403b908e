/** The labels and the last value of each series. */

import { useSignal } from "@preact/signals";
import { judged } from "../judged";
import { lookFor } from "../look";
import type { Drawn } from "../panel-view";
import { reduced } from "../reduce";
import { StateMark } from "../../../parts/state";
import { WORDS } from "../thresholds";
import { Nothing } from "./nothing";
import { type Cell, rowsOf } from "./table-rows";

const MOST = 200;

export function PanelTable({ panel, title, found }: Drawn) {
  const by = useSignal<{ column: string; down: boolean } | null>(null);
  if (found.length === 0) return <Nothing look={panel.look} />;
  const values = found.map((each) => ({
    ...each,
    value: reduced(each.values, panel.calculation),
    id: each.target.id,
  }));
  const { columns, numbers, rows } = rowsOf(values);
  const sorted = by.value ? [...rows].sort(comparing(by.value.column, by.value.down)) : rows;
  const sort = (column: string) => {
    by.value = { column, down: by.value?.column === column ? !by.value.down : numbers.has(column) };
  };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Values of ${title}`}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                scope="col"
                class={numbers.has(column) ? "number" : ""}
                {...(by.value?.column === column && {
                  "aria-sort": by.value.down ? "descending" : "ascending",
                })}
              >
                <button class="quiet small" onClick={() => sort(column)}>
                  {column}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST).map((row) => (
            <tr>
              {columns.map((column) =>
                numbers.has(column) ? (
                  <Value
                    value={row[column] as number | null | undefined}
                    look={lookFor(column, panel.look, panel.overrides)}
                  />
                ) : (
                  <td>{row[column]}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p class="faint">
          the first {MOST} of {rows.length} rows
        </p>
      )}
    </div>
  );
}

function Value({
  value,
  look,
}: {
  value: number | null | undefined;
  look: Drawn["panel"]["look"];
}) {
  if (value === undefined) return <td class="number" />;
  const { text, tone } = judged(value, look);
  return (
    <td class="number">
      {tone && (
        <span class={`state tone-${tone}`} title={WORDS[tone]}>
          <StateMark state={tone} />
          <span class="unseen">{WORDS[tone]}</span>
        </span>
      )}{" "}
      {text}
    </td>
  );
}

function comparing(column: string, down: boolean) {
  const key = (row: Record<string, Cell>) => row[column] ?? "";
  return (a: Record<string, Cell>, b: Record<string, Cell>) => {
    const [one, other] = [key(a), key(b)];
    const order =
      typeof one === "number" && typeof other === "number"
        ? one - other
        : String(one).localeCompare(String(other));
    return down ? -order : order;
  };
}
