/** The time that bars go back, kept in the address: `?days=`. */

import "./days.css";
import { useQuery } from "./query";

const PERIODS = [1, 7, 30, 90] as const;
export type Days = (typeof PERIODS)[number];

export function useDays(): Days {
  const [days] = useQuery("days");
  return PERIODS.find((each) => String(each) === days) ?? 1;
}

export function DaysChooser({ days }: { days: Days }) {
  const [, choose] = useQuery("days");
  return (
    <div class="days" role="group" aria-label="How far back the bars go">
      {PERIODS.map((each) => (
        <button aria-pressed={each === days} onClick={() => choose(each === 1 ? "" : String(each))}>
          {each === 1 ? "24 h" : `${each} d`}
        </button>
      ))}
    </div>
  );
}
