/** Samples of one moment as a table. */

import type { Sample } from "../../api/prometheus";
import { writtenLabels } from "../../parts/labels";
import { Moment } from "../../parts/moment";
import { Table } from "../../parts/table";

const MOST = 500;

export function Samples({ title, samples }: { title: string; samples: readonly Sample[] }) {
  if (samples.length === 0) return <p class="faint">No series has a value at this time.</p>;
  return (
    <>
      <Table
        label={`Values of ${title}`}
        columns={["Series", { text: "Value", number: true }, "At"]}
      >
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
      </Table>
      {samples.length > MOST && (
        <p class="faint">
          the first {MOST} of {samples.length} series
        </p>
      )}
    </>
  );
}
