import { now } from "../../live/platform";
import { ownTroubles } from "../../parts/verdict";

/** What keeps Opsbook itself from its work. */
export function OwnTroubles() {
  const found = now.value ? ownTroubles(now.value) : [];
  if (found.length === 0) return null;
  return (
    <section class="panel own-troubles" aria-labelledby="own-troubles">
      <h2 id="own-troubles">Opsbook itself</h2>
      <ul>
        {found.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </section>
  );
}
