/** The numbers of a chart, the newest first. */

import { Moment } from "../moment";
import { formatted } from "../units";
import { joined, type Series } from "./data";

interface Props {
  title: string;
  series: readonly Series[];
  unit: string;
  decimals: number | undefined;
}

const MOST = 300;

export function ChartTable({ title, series, unit, decimals }: Props) {
  const [times, ...columns] = joined(series);
  const shown = times
    .map((time, index) => ({ time, index }))
    .reverse()
    .slice(0, MOST);
  return (
    <div class="scroll chart-table" tabIndex={0} role="region" aria-label={`Values of ${title}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((each) => (
              <th scope="col" class="number">
                {each.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ time, index }) => (
            <tr key={time}>
              <th scope="row">
                <Moment at={time} />
              </th>
              {columns.map((column) => (
                <td class="number">
                  {column[index] === undefined ? "" : formatted(column[index], unit, decimals)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {times.length > MOST && (
        <p class="faint">
          the newest {MOST} of {times.length} times
        </p>
      )}
    </div>
  );
}
