/** What the last run of a drill measured. */

import type { Drill } from "../../api/types";
import { duration } from "../../parts/moment";
import { at } from "../../place";

type Seen = NonNullable<Drill["evidence"]>;

export function Evidence({ evidence }: { evidence: Seen }) {
  const phases = [
    ["detected", evidence.detect_seconds],
    ["told", evidence.notify_seconds],
    ["recovered", evidence.recover_seconds],
  ] as const;
  return (
    <>
      <dl class="phases">
        {phases.map(([name, seconds]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{seconds === null ? <span class="faint">not seen</span> : duration(seconds)}</dd>
          </div>
        ))}
      </dl>
      {evidence.missed.length > 0 && <p class="trouble">missed: {evidence.missed.join("; ")}</p>}
      <p class="faint">
        asked by {evidence.asked_by}
        {evidence.approved_by && `, approved by ${evidence.approved_by}`}: {evidence.why}
        {evidence.entries.length > 0 && " · ledger "}
        {evidence.entries.map((seq, index) => (
          <>
            {index > 0 && ", "}
            <a href={at(`ledger?seq=${seq}`)}>{seq}</a>
          </>
        ))}
      </p>
    </>
  );
}
