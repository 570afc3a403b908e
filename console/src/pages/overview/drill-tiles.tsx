import type { Drill } from "../../api/types";
import { drills } from "../../live/platform";
import { Ago } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

/** Drills that failed or are overdue; of the others only how many there are. */
export function DrillTiles() {
  const all = Object.values(drills.value);
  if (all.length === 0) return null;
  const wrong = all.filter((each) => each.state === "failed" || each.state === "overdue");
  const count = (state: Drill["state"]) => all.filter((each) => each.state === state).length;
  return (
    <section aria-labelledby="drills">
      <h2 id="drills">Drills</h2>
      <p class="faint">
        <a href={at("drills")}>{all.length} drills</a>: {count("proved")} proved, {count("failed")}{" "}
        failed, {count("overdue")} overdue, {count("never run")} never run
      </p>
      <ul class="tiles small">
        {wrong.map((each) => (
          <li key={each.name} class="tile tone-edge-down">
            <header>
              <h3>
                <a href={at("drills")}>{each.name}</a>
              </h3>
              <StateWord state="down" word={each.state} />
            </header>
            <p class="told">
              {each.state === "overdue" ? (
                <>
                  was due <Ago at={each.due_at} />
                </>
              ) : (
                each.evidence?.missed.join("; ") || "its last run failed"
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
