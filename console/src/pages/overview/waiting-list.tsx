import { waiting } from "../../live/platform";
import { Ago } from "../../parts/moment";
import { bySince } from "../../parts/waiting";
import { at } from "../../place";

/** What does not go on without a person, the longest first. */
export function WaitingList() {
  const items = Object.values(waiting.value).sort(bySince);
  if (items.length === 0) return null;
  return (
    <section class="panel waiting" aria-labelledby="waiting">
      <h2 id="waiting">Waits for you</h2>
      <ul>
        {items.map((each) => (
          <li key={each.key}>
            <span class="kind">{each.kind}</span>
            <a href={at(each.link.replace(/^\//, ""))}>{each.what}</a>
            <span class="faint">
              {each.who} · <Ago at={each.since} />
              {each.until && (
                <>
                  {" "}
                  · due <Ago at={each.until} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
