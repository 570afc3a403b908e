/** One set: the restore that was proved last comes first, for a backup alone proves nothing. */

import type { BackupSet } from "../../api/types";
import { Ago, duration } from "../../parts/moment";
import { setTones, setWord } from "../../parts/set-state";
import { StateWord } from "../../parts/state";
import { formatted } from "../../parts/units";
import { at } from "../../place";
import { Progress } from "./progress";

export function SetCard({ set, linked }: { set: BackupSet; linked?: boolean }) {
  const tone = setTones[set.state];
  return (
    <li class={`tile tone-edge-${tone}`}>
      <header>
        <h2>{linked ? <a href={at(`backups/${set.name}`)}>{set.name}</a> : "How it stands"}</h2>
        <StateWord state={tone} word={setWord(set)} />
      </header>
      {set.description && <p>{set.description}</p>}
      {set.why && <p class={tone === "down" ? "trouble" : ""}>{set.why}</p>}
      <dl class="facts">
        <dt>restore proved</dt>
        <dd>{set.proved_at ? <Proved set={set} /> : <strong>never</strong>}</dd>
        {Object.entries(set.made_at).map(([place, made]) => (
          <>
            <dt>made, at {place}</dt>
            <dd>
              <Ago at={made} />
            </dd>
          </>
        ))}
        {Object.keys(set.made_at).length === 0 && (
          <>
            <dt>made</dt>
            <dd>
              {set.tried_at ? (
                <>
                  never; tried <Ago at={set.tried_at} />
                </>
              ) : (
                "never"
              )}
            </dd>
          </>
        )}
        <dt>verified</dt>
        <dd>
          <Ago at={set.verified_at} />
        </dd>
        <dt>size</dt>
        <dd>{bytes(set.last["stored_bytes"])}</dd>
        <dt>source</dt>
        <dd>
          <span class="faint">{set.kind}</span> {set.source}
        </dd>
        <dt>to</dt>
        <dd>{set.to.join(", ")}</dd>
      </dl>
      {set.progress && <Progress progress={set.progress} />}
    </li>
  );
}

function Proved({ set }: { set: BackupSet }) {
  const { rto_seconds: rto, rpo_seconds: rpo } = set.proof;
  return (
    <>
      <Ago at={set.proved_at} />
      {typeof rto === "number" && <>, in {duration(rto)} (RTO)</>}
      {typeof rpo === "number" && <>, {duration(rpo)} of data lost at most (RPO)</>}
    </>
  );
}

function bytes(value: unknown) {
  return typeof value === "number" ? (
    formatted(value, "bytes")
  ) : (
    <span class="faint">not known</span>
  );
}
