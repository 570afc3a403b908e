/** What made the bars of a service or a check what they are, with the entries of the ledger. */

import "./causes.css";
import { useSignal } from "@preact/signals";
import type { components } from "../api/schema";
import { at } from "../place";
import { useAsked } from "./asked";
import type { Days } from "./days";
import { periodName, spanName } from "./beats";
import { type History, historyOf, type Watched } from "./history";
import { Moment } from "./moment";
import { Sheet } from "./sheet";
import { StateWord } from "./state";
import { Trouble } from "./trouble";

type Cause = components["schemas"]["HistoryCause"];

interface Props {
  of: Watched;
  name: string;
  days: Days;
  /** The time of one bar, in milliseconds since 1970; null for all. */
  span: readonly [number, number] | null;
  close: () => void;
}

export function Causes({ of, name, days, span, close }: Props) {
  const within = useSignal(span);
  const { asked } = useAsked(() => historyOf(of, name, days), [of, name, days]);
  const { data } = asked.value;
  const found = data ? causes(data, within.value) : [];
  return (
    <Sheet title={name} close={close}>
      <p>
        {within.value ? spanName(...within.value) : data ? periodName(data.start, data.end) : ""}
      </p>
      <Trouble asked={asked.value} />
      {data && found.length === 0 && (
        <p class="faint">Nothing in the ledger tells of trouble in this time.</p>
      )}
      <ul class="causes">
        {found.map((each) => (
          <li key={each.entry}>
            <p>
              <StateWord state={each.state} /> <Moment at={each.at} />{" "}
              <a href={at(`ledger?seq=${each.entry}`)}>entry {each.entry}</a>
            </p>
            <p>
              {each.check && <>{each.check}: </>}
              {each.message || "nothing was said"}
            </p>
          </li>
        ))}
      </ul>
      {within.value && (
        <button onClick={() => (within.value = null)}>All causes of this period</button>
      )}
    </Sheet>
  );
}

/** The newest first, each entry once. */
function causes(history: History, span: readonly [number, number] | null): Cause[] {
  const width = history.bar_seconds * 1_000;
  const bars = history.bars.filter((each) => {
    const start = Date.parse(each.start);
    return !span || (start < span[1] && start + width > span[0]);
  });
  const byEntry = new Map(bars.flatMap((bar) => bar.causes).map((each) => [each.entry, each]));
  return [...byEntry.values()].sort((a, b) => b.entry - a.entry);
}
