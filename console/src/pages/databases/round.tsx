/** The last maintenance: each task with its own end, and before → after. */

import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { Problem } from "../../api/problem";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { duration, Moment } from "../../parts/moment";
import { StateWord, type Tone } from "../../parts/state";
import { measured } from "./report";

type Maintenance = components["schemas"]["Maintenance"];

const TONES: Readonly<Record<string, Tone>> = {
  done: "up",
  locked: "late",
  failed: "down",
  waiting: "late",
};

/** `turn` changes when one was begun. */
export function Round({ name, turn }: { name: string; turn: number }) {
  const { asked, again } = useAsked(() => last(name), [name, turn]);
  const round = asked.value.data;
  useEvery(1, again, round !== null && round.ended_at === null);
  if (!round) return null;
  return (
    <div class="panel" role="status">
      <h3>Last maintenance</h3>
      <p class="faint">
        by {round.by}: {round.why} · <Moment at={round.began_at} />{" "}
        {round.ended_at ? (
          <>
            to <Moment at={round.ended_at} />
          </>
        ) : (
          "· under way"
        )}
      </p>
      {round.trouble && <p class="trouble">{round.trouble}</p>}
      <ul class="tasks">
        {round.results.map((each) => (
          <li>
            <StateWord state={TONES[each.end] ?? "unknown"} word={each.end} /> {each.task}{" "}
            <span class="faint">{duration(each.seconds)}</span>
            {each.said && <div>{each.said}</div>}
          </li>
        ))}
      </ul>
      <Changes round={round} />
    </div>
  );
}

/** Null where none is known. */
async function last(name: string): Promise<Maintenance | null> {
  try {
    return await told(api.GET("/api/databases/{name}/maintenance", { params: { path: { name } } }));
  } catch (error) {
    if (error instanceof Problem && [401, 404].includes(error.status)) return null;
    throw error;
  }
}

function Changes({ round }: { round: Maintenance }) {
  const changed = Object.keys(round.after).filter(
    (each) => round.before[each] !== round.after[each],
  );
  if (changed.length === 0) return null;
  return (
    <dl class="facts">
      {changed.map((each) => (
        <>
          <dt>{each}</dt>
          <dd>
            {measured(each, round.before[each])} → {measured(each, round.after[each])}
          </dd>
        </>
      ))}
    </dl>
  );
}
