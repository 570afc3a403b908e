import { services } from "../../live/platform";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

interface Props {
  dependsOn: readonly string[];
  /** Also through others; null while it is asked for. */
  dependents: readonly string[] | null;
}

/** What it needs, and what needs it. */
export function Neighbours({ dependsOn, dependents }: Props) {
  return (
    <section aria-labelledby="dependencies">
      <h2 id="dependencies">Dependencies</h2>
      <div class="halves">
        <Named title="It depends on" names={dependsOn} />
        <Named title="What depends on it" names={dependents ?? []} />
      </div>
    </section>
  );
}

function Named({ title, names }: { title: string; names: readonly string[] }) {
  return (
    <div class="panel">
      <h3>{title}</h3>
      {names.length === 0 && <p class="faint">nothing</p>}
      <ul class="neighbours">
        {names.map((each) => (
          <li key={each}>
            <a href={at(`services/${encodeURIComponent(each)}`)}>{each}</a>
            <StateWord state={services.value[each]?.state ?? "unknown"} />
          </li>
        ))}
      </ul>
    </div>
  );
}
