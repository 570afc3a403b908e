/** Metrics: expressions as tables and charts. All that is asked stands in the address. */

import "./metrics.css";
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { Page } from "../../parts/page";
import { TimeRange, type TimeSpan, useRefresh } from "../../parts/time-range";
import { timeOf } from "../../parts/times";
import { at } from "../../place";
import { type AskedFor, askedFor, written } from "./asked-for";
import { Expression } from "./expression";
import { Result } from "./result";

const HOUR = 3_600_000;

export default function Metrics() {
  const { url, route } = useLocation();
  const asked = askedFor(url.split("?")[1] ?? "");
  const before = useSignal<readonly TimeSpan[]>([]);
  // Read, so that the page is drawn anew, and with it what `now` means.
  useRefresh(asked.refresh).value;
  const now = Date.now();
  const to = timeOf(asked.to, now, true) ?? now;
  const from = Math.min(timeOf(asked.from, now) ?? to - HOUR, to - 1_000);

  const ask = (changed: Partial<AskedFor>) =>
    route(`${at("explore")}?${written({ ...asked, ...changed })}`);
  const put = (index: number, ...by: string[]) => {
    ask({
      expressions: [
        ...asked.expressions.slice(0, index),
        ...by,
        ...asked.expressions.slice(index + 1),
      ],
    });
  };
  const zoom = (start: number, end: number) => {
    before.value = [...before.value, { from: asked.from, to: asked.to }];
    ask({ from: String(Math.round(start * 1_000)), to: String(Math.round(end * 1_000)) });
  };
  const back = () => {
    const span = before.value.at(-1);
    before.value = before.value.slice(0, -1);
    if (span) ask(span);
  };

  return (
    <Page title="Metrics">
      <div class="bar">
        <TimeRange
          span={asked}
          onSpan={(span) => ask(span)}
          refresh={asked.refresh}
          onRefresh={(refresh) => ask({ refresh })}
          back={before.value.length > 0 ? back : undefined}
        />
        <span class="gap" />
        <div role="group" aria-label="Shown as" class="shown-as">
          {(["chart", "table"] as const).map((view) => (
            <button aria-pressed={asked.view === view} onClick={() => ask({ view })}>
              {view === "chart" ? "Chart" : "Table"}
            </button>
          ))}
        </div>
      </div>
      {asked.expressions.map((expression, index) => (
        <section class="panel" aria-label={`Expression ${index + 1}`} key={index}>
          <div class="expression-row">
            <Expression
              expression={expression}
              label={`Expression ${index + 1}`}
              onRun={(changed) => put(index, changed)}
            />
            {asked.expressions.length > 1 && (
              <button
                class="quiet"
                aria-label={`Remove expression ${index + 1}`}
                onClick={() => put(index)}
              >
                Remove
              </button>
            )}
          </div>
          {expression ? (
            <Result expression={expression} from={from} to={to} view={asked.view} onZoom={zoom} />
          ) : (
            <p class="faint">Write an expression; what may follow is proposed as you type.</p>
          )}
        </section>
      ))}
      <button onClick={() => ask({ expressions: [...asked.expressions, ""] })}>
        Add expression
      </button>
    </Page>
  );
}
