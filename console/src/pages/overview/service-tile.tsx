import type { components } from "../../api/schema";
import type { Service } from "../../api/types";
import { checks } from "../../live/platform";
import { CheckLink } from "../../parts/check-link";
import { Heartbeats } from "../../parts/heartbeats";
import { For } from "../../parts/moment";
import { failing, reasonOf } from "../../parts/reason";
import { StateWord } from "../../parts/state";
import { at } from "../../place";
import { withNow } from "../../parts/with-now";
import { useWorstSince } from "../../parts/worst-since";

type History = components["schemas"]["HistoryOverview"];

interface Props {
  service: Service;
  /** Null while it is asked for. */
  history: History | null;
  open: (index: number | null) => void;
}

export function ServiceTile({ service, history, open }: Props) {
  const { name, state, restarts, restarts_left: left } = service;
  const bars = history?.services.find((each) => each.name === name);
  const { text, cause, since } = reasonOf(service, checks.value);
  const worst = useWorstSince(history, state);
  const wrong = failing(service, checks.value).length;
  return (
    <li class={`tile tone-edge-${state}`}>
      <header>
        <h3>
          <a href={at(`services/${encodeURIComponent(name)}`)}>{name}</a>
        </h3>
        <StateWord state={state} />
      </header>
      <p class="told">
        {state === "up" ? (
          `${service.checks.length} checks are up`
        ) : (
          <>
            {text}
            {cause && (
              <>
                , behind <CheckLink name={cause} />
              </>
            )}
            {wrong > 1 && <span class="faint"> and {wrong - 1} more</span>}
          </>
        )}
      </p>
      <p class="faint">
        for <For since={since} /> · {left} of {restarts + left} restarts left
      </p>
      <div class="beats-place">
        {history && bars && (
          <Heartbeats
            name={name}
            bars={withNow(bars.states, worst)}
            start={history.start}
            end={history.end}
            percent={bars.availability_percent}
            onOpen={open}
          />
        )}
      </div>
    </li>
  );
}
