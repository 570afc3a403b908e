/** Alerts that have ended, page by page. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Alert } from "../../api/types";
import { alerts } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { duration, Moment } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { say } from "../../parts/said";
import { StateWord } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { hasWords } from "./matching";
import { Table } from "../../parts/table";

const PAGE = 100;

export function History({ text }: { text: string }) {
  const older = useSignal<readonly Alert[]>([]);
  const reached = useSignal(false);
  const known = Object.keys(alerts.value).sort().join();
  const { asked, again } = useAsked(() => ended(), [known]);
  // It is written some moments after the alert has ended.
  useEvery(5, again);
  const all = joined(asked.value.data ?? [], older.value);
  const found = all.filter((each) => hasWords(each, text));
  const more = async () => {
    const last = all.at(-1);
    try {
      // Moments are told to the millisecond, and known better.
      const next = await ended((Date.parse(last?.ends_at ?? "") + 1) / 1_000);
      const fresh = joined(older.value, next);
      reached.value = joined(all, next).length === all.length;
      older.value = fresh;
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const mayBeMore = all.length >= PAGE && !reached.value;
  return (
    <>
      <Trouble asked={asked.value} />
      {found.length > 0 && <Ended list={found} />}
      {asked.value.data && found.length === 0 && (
        <p class="panel">
          {all.length > 0 ? "None of these has these words." : "No alert has ended yet."}
        </p>
      )}
      {mayBeMore && <button onClick={() => void more()}>Older</button>}
    </>
  );
}

function ended(before?: number): Promise<Alert[]> {
  const query = { limit: PAGE, ...(before !== undefined && { before }) };
  return told(api.GET("/api/alerts/history", { params: { query } }));
}

/** What ended at the border of two pages is in both. */
function joined(first: readonly Alert[], second: readonly Alert[]): Alert[] {
  const keyed = [...first, ...second].map(
    (each) => [`${each.fingerprint} ${each.starts_at} ${each.ends_at}`, each] as const,
  );
  return [...new Map(keyed).values()].sort((a, b) =>
    (b.ends_at ?? "").localeCompare(a.ends_at ?? ""),
  );
}

function Ended({ list }: { list: readonly Alert[] }) {
  return (
    <Table
      label="Alerts that have ended"
      columns={["Alert", "Severity", "What", "From", "To", { text: "Lasted", number: true }]}
    >
      {list.map((each) => (
        <tr key={`${each.fingerprint} ${each.starts_at}`}>
          <th scope="row">{each.name}</th>
          <td>
            <Severity name={each.labels["severity"]} />
          </td>
          <td>{each.annotations["summary"] ?? each.labels["service"] ?? each.labels["check"]}</td>
          <td>
            <Moment at={each.starts_at} />
          </td>
          <td>
            <Moment at={each.ends_at} />
          </td>
          <td class="number">{lasted(each)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Severity({ name }: { name: string | undefined }) {
  if (!name) return <span class="faint">none</span>;
  return <StateWord state={toneOf(name)} word={name} />;
}

function lasted(alert: Alert): string {
  return duration((Date.parse(alert.ends_at ?? "") - Date.parse(alert.starts_at)) / 1_000);
}
