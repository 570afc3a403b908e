/** What may be done to a set: a backup made, one verified, old ones pruned. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { SetRun } from "./set-run";

type Place = components["schemas"]["PlaceStatus"];
type Action = components["schemas"]["Wanted"]["action"];

const ACTS: readonly { action: Action; word: string; what: string }[] = [
  { action: "backup", word: "Back up now", what: "A backup is made and every byte of it checked." },
  {
    action: "check",
    word: "Check",
    what: "Every byte of the newest is held against its manifest.",
  },
  { action: "open", word: "Open", what: "The newest is read to its end." },
  {
    action: "restore",
    word: "Prove a restore",
    what: "The newest is restored into a throwaway place, asked, and taken away again.",
  },
  { action: "prune", word: "Prune", what: "" },
];

export function SetActs({
  name,
  places,
  done,
}: {
  name: string;
  places: readonly Place[];
  done: () => void;
}) {
  const asking = useSignal<(typeof ACTS)[number] | null>(null);
  const run = useSignal<string | null>(null);
  const act = asking.value;
  return (
    <>
      <p class="bar">
        {ACTS.map((each) => (
          <ActButton key={each.action} onClick={() => (asking.value = each)}>
            {each.word}
          </ActButton>
        ))}
      </p>
      {run.value && <SetRun key={run.value} name={name} run={run.value} done={done} />}
      {act && (
        <Dialog
          title={`${act.word}: ${name}`}
          doing={act.word}
          danger={act.action === "prune"}
          close={() => (asking.value = null)}
          act={async ({ why = "" }) => {
            const begun = await told(
              api.POST("/api/backups/{name}/runs", {
                params: { path: { name } },
                body: {
                  action: act.action,
                  why,
                  by: "",
                  retention: "",
                  destination: "",
                  backup: "",
                },
              }),
            );
            run.value = begun.id;
          }}
        >
          {act.action === "prune" ? <Pruned places={places} /> : <p>{act.what}</p>}
          <Field label="Why" name="why" value="asked for on the page" required />
        </Dialog>
      )}
    </>
  );
}

/** What retention says of each copy now: the dry run. */
function Pruned({ places }: { places: readonly Place[] }) {
  const going = places.flatMap((place) =>
    place.copies
      .filter((each) => each.keep === false)
      .map((each) => `${each.id} at ${place.destination}: ${each.reason}`),
  );
  if (going.length === 0) return <p>Nothing would be removed: every copy is kept by a rule.</p>;
  return (
    <>
      <p>These would be removed for ever:</p>
      <ul>
        {going.map((each) => (
          <li>{each}</li>
        ))}
      </ul>
    </>
  );
}
