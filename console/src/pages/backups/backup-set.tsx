/** One set: what lies where, what was proved of it, and what may be done to it. */

import { useRoute } from "preact-iso";
import { api, told } from "../../api/client";
import { backups } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import "./backups.css";
import { PlaceTable } from "./place-table";
import { SetActs } from "./set-acts";
import { SetCard } from "./set-card";

export default function BackupSetPage() {
  const { params } = useRoute();
  const name = params["name"] ?? "";
  const set = backups.value[name];
  const { asked, again } = useAsked(
    () => told(api.GET("/api/backups/{name}", { params: { path: { name } } })),
    // What was made, verified or pruned changes what lies there.
    [name, set?.verified_at, JSON.stringify(set?.made_at)],
  );
  return (
    <Page title={`Backups of ${name}`}>
      {set && (
        <ul class="tiles one">
          <SetCard set={set} />
        </ul>
      )}
      <SetActs name={name} places={asked.value.data ?? []} done={again} />
      <Trouble asked={asked.value} />
      {(asked.value.data ?? []).map((each) => (
        <PlaceTable key={each.destination} place={each} />
      ))}
    </Page>
  );
}
