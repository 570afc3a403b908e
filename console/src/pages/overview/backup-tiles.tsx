import type { BackupSet } from "../../api/types";
import { backups } from "../../live/platform";
import { Ago } from "../../parts/moment";
import { bySetState, setTones, setWord } from "../../parts/set-state";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

/** Each set with the restore that was proved last: a backup alone proves nothing. */
export function BackupTiles() {
  const all = Object.values(backups.value).sort(bySetState);
  if (all.length === 0) return null;
  return (
    <section aria-labelledby="backups">
      <h2 id="backups">Backups</h2>
      <ul class="tiles small">
        {all.map((each) => (
          <BackupTile key={each.name} set={each} />
        ))}
      </ul>
    </section>
  );
}

function BackupTile({ set }: { set: BackupSet }) {
  const tone = setTones[set.state];
  const made = Object.values(set.made_at).sort().at(-1);
  return (
    <li class={`tile tone-edge-${tone}`}>
      <header>
        <h3>
          <a href={at(`backups/${encodeURIComponent(set.name)}`)}>{set.name}</a>
        </h3>
        <StateWord state={tone} word={setWord(set)} />
      </header>
      <p class="proved">
        {set.proved_at ? (
          <>
            restore proved <Ago at={set.proved_at} />
          </>
        ) : (
          "no restore was ever proved"
        )}
      </p>
      <p class="faint">
        {made ? (
          <>
            last backup <Ago at={made} />
          </>
        ) : (
          "no backup was ever made"
        )}
      </p>
      {set.state !== "good" && set.state !== "never ran" && <p class="told">{set.why}</p>}
    </li>
  );
}
