import { now } from "../../live/platform";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

/** Databases with a figure over its limit, whose maintenance failed or is overdue, or of which
 * nothing is known. */
export function DatabaseTiles() {
  const all = now.value?.databases ?? [];
  if (all.length === 0) return null;
  const wrong = all.filter((each) => each.state !== "up");
  return (
    <section aria-labelledby="databases">
      <h2 id="databases">Databases</h2>
      <p class="faint">
        <a href={at("databases")}>{all.length === 1 ? "1 database" : `${all.length} databases`}</a>:{" "}
        {all.length - wrong.length} fine
      </p>
      <ul class="tiles small">
        {wrong.map((each) => (
          <li key={each.name} class={`tile tone-edge-${each.state}`}>
            <header>
              <h3>
                <a href={at(`databases?name=${encodeURIComponent(each.name)}`)}>{each.name}</a>
              </h3>
              <StateWord state={each.state} />
            </header>
            <p class="told">{each.message || "not looked at yet"}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
