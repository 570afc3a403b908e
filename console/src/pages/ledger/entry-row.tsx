/** One entry: a line, and all that it holds behind it. */

import { useSignal } from "@preact/signals";
import type { components } from "../../api/schema";
import { Moment } from "../../parts/moment";
import { at } from "../../place";
import { summary } from "./summary";

type Entry = components["schemas"]["LedgerEntry"];

export function EntryRow({ entry, open }: { entry: Entry; open: boolean }) {
  const shown = useSignal(open);
  return (
    <>
      <tr class={open ? "pointed" : ""}>
        <td class="number">
          <button
            class="quiet"
            aria-expanded={shown.value}
            aria-label={`entry ${entry.seq}`}
            onClick={() => (shown.value = !shown.value)}
          >
            {entry.seq}
          </button>
        </td>
        <td>
          <Moment at={entry.at} />
        </td>
        <td class="mono">{entry.kind}</td>
        <td>{entry.subject}</td>
        <td>{entry.actor}</td>
        <td class="said">{summary(entry.body)}</td>
      </tr>
      {shown.value && (
        <tr>
          <td />
          <td colSpan={5}>
            <pre>{JSON.stringify(entry.body, null, 2)}</pre>
            <p class="faint mono">hash {entry.hash}</p>
            <a href={at(`ledger?seq=${entry.seq}`)}>Link to this entry</a>
          </td>
        </tr>
      )}
    </>
  );
}
