/** The series of a chart: which line is whose, what they come to; a click hides one. */

import type { Signal } from "@preact/signals";
import { formatted } from "../units";
import { type Series, summary } from "./data";
import { Stroke } from "./stroke";

interface Props {
  series: readonly Series[];
  unit: string;
  decimals: number | undefined;
  hidden: Signal<ReadonlySet<number>>;
}

export function Legend({ series, unit, decimals, hidden }: Props) {
  const toggle = (index: number) => {
    const next = new Set(hidden.value);
    if (!next.delete(index)) next.add(index);
    hidden.value = next;
  };
  return (
    <div class="chart-legend scroll" tabIndex={0} role="group" aria-label="Series">
      <table>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="number">
              Last
            </th>
            <th scope="col" class="number">
              Min
            </th>
            <th scope="col" class="number">
              Max
            </th>
          </tr>
        </thead>
        <tbody>
          {series.map((each, index) => {
            const { last, min, max } = summary(each.values);
            return (
              <tr class={hidden.value.has(index) ? "hidden" : ""}>
                <th scope="row">
                  <button
                    class="quiet"
                    aria-pressed={!hidden.value.has(index)}
                    onClick={() => toggle(index)}
                  >
                    <Stroke index={index} />
                    {each.name}
                  </button>
                </th>
                <td class="number">{formatted(last, unit, decimals)}</td>
                <td class="number">{formatted(min, unit, decimals)}</td>
                <td class="number">{formatted(max, unit, decimals)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
