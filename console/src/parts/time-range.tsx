/** Which time is looked at, and how often again. */

import "./time-range.css";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { secondsOf, timeOf } from "./times";

export interface TimeSpan {
  /** As dashboards write it: `now-1h`, or milliseconds since 1970. */
  from: string;
  to: string;
}

interface Props {
  span: TimeSpan;
  onSpan: (span: TimeSpan) => void;
  /** Such as `5s`; empty: never. */
  refresh: string;
  onRefresh: (refresh: string) => void;
  /** To the time before a zoom. */
  back?: (() => void) | undefined;
}

const QUICK: readonly (readonly [string, string])[] = [
  ["now-15m", "last 15 minutes"],
  ["now-1h", "last hour"],
  ["now-3h", "last 3 hours"],
  ["now-6h", "last 6 hours"],
  ["now-12h", "last 12 hours"],
  ["now-24h", "last 24 hours"],
  ["now-2d", "last 2 days"],
  ["now-7d", "last 7 days"],
  ["now-30d", "last 30 days"],
];
const EACH = ["", "5s", "10s", "30s", "1m", "5m", "15m"];

export function TimeRange({ span, onSpan, refresh, onRefresh, back }: Props) {
  const quick = span.to === "now" && QUICK.some(([from]) => from === span.from);
  const relative = !quick && span.from.startsWith("now");
  const choose = (from: string) => {
    if (from === "own") onSpan(fixed(span));
    else if (from !== "as is") onSpan({ from, to: "now" });
  };
  return (
    <div class="time-range" role="group" aria-label="Time">
      <select
        aria-label="Time range"
        value={quick ? span.from : relative ? "as is" : "own"}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {relative && (
          <option value="as is">
            {span.from} to {span.to}
          </option>
        )}
        {QUICK.map(([from, text]) => (
          <option value={from}>{text}</option>
        ))}
        <option value="own">from … to …</option>
      </select>
      {!quick && !relative && <FromTo span={span} onSpan={onSpan} />}
      <select
        aria-label="Refresh"
        value={refresh}
        onChange={(event) => onRefresh(event.currentTarget.value)}
      >
        {[...new Set([...EACH, refresh])].map((each) => (
          <option value={each}>{each ? `each ${each}` : "no refresh"}</option>
        ))}
      </select>
      {back && <button onClick={back}>Zoom back</button>}
    </div>
  );
}

function FromTo({ span, onSpan }: Pick<Props, "span" | "onSpan">) {
  const now = Date.now();
  const change = (side: "from" | "to") => (event: Event) => {
    const moment = new Date((event.currentTarget as HTMLInputElement).value).getTime();
    if (!Number.isNaN(moment)) onSpan({ ...fixed(span), [side]: String(moment) });
  };
  return (
    <>
      {(["from", "to"] as const).map((side) => (
        <label>
          {side}
          <input
            type="datetime-local"
            step="1"
            value={local(timeOf(span[side], now, side === "to") ?? now)}
            onChange={change(side)}
          />
        </label>
      ))}
    </>
  );
}

/** Grows each time that it is time to look again; never while nobody looks. */
export function useRefresh(refresh: string) {
  const turn = useSignal(0);
  useEffect(() => {
    const seconds = secondsOf(refresh);
    if (!seconds) return;
    const timer = setInterval(
      () => {
        if (!document.hidden) turn.value += 1;
      },
      Math.max(seconds, 1) * 1_000,
    );
    return () => clearInterval(timer);
  }, [refresh]);
  return turn;
}

/** The same time, where it does not move on. */
function fixed(span: TimeSpan): TimeSpan {
  const now = Date.now();
  return {
    from: String(Math.round(timeOf(span.from, now) ?? now - 3_600_000)),
    to: String(Math.round(timeOf(span.to, now, true) ?? now)),
  };
}

/** As the browser's own field wants it: in the viewer's zone, to the second. */
function local(moment: number): string {
  const date = new Date(moment);
  date.setMinutes(date.getMinutes() - date.getTimezoneOffset());
  return date.toISOString().slice(0, 19);
}
