/** Each backup set: whether it would come back, which was proved last, and what was made last. */

import { backups } from "../../live/platform";
import { Page } from "../../parts/page";
import { bySetState } from "../../parts/set-state";
import "./backups.css";
import { SetCard } from "./set-card";

export default function Backups() {
  const sets = Object.values(backups.value).sort(bySetState);
  return (
    <Page title="Backups">
      {sets.length === 0 && <p>The book declares no backups: what is lost here stays lost.</p>}
      <ul class="tiles">
        {sets.map((each) => (
          <SetCard key={each.name} set={each} linked />
        ))}
      </ul>
    </Page>
  );
}
