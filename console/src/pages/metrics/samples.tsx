/** Samples of one moment as a table. */

import type { Sample } from "../../api/prometheus";
import { writtenLabels } from "../../parts/labels";
import { Moment } from "../../parts/moment";

const MOST = 500;

export function Samples({ title, samples }: { title: string; samples: readonly Sample[] }) {
  if (samples.length === 0) return <p class="faint">No series has a value at this time.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Values of ${title}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col">At</th>
          </tr>
        </thead>
        <tbody>
          {samples.slice(0, MOST).map((each) => (
            <tr>
              <th scope="row" class="mono">
                {writtenLabels(each.labels)}
              </th>
              <td class="number">{String(each.value)}</td>
              <td>
                <Moment at={each.time} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {samples.length > MOST && (
        <p class="faint">
          the first {MOST} of {samples.length} series
        </p>
      )}
    </div>
  );
}
