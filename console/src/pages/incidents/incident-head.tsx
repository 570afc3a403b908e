/** How an incident stands: whose it is, who is paged next, and what is missing for recovery. */

import type { Incident } from "../../api/types";
import { Ago, For, Moment } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

export function IncidentHead({ incident }: { incident: Incident }) {
  return (
    <section
      class={`panel tone-edge-${toneOf(incident.severity)} incident-head`}
      aria-label="How it stands"
    >
      <dl class="facts">
        <dt>Severity</dt>
        <dd>
          <StateWord state={toneOf(incident.severity)} word={incident.severity} />
        </dd>
        <dt>Owner</dt>
        <dd>{incident.owner || <b>nobody has it</b>}</dd>
        <dt>Since</dt>
        <dd>
          <Since incident={incident} />
        </dd>
        <dt>Services</dt>
        <dd>
          <Services names={incident.services} />
        </dd>
        <dt>Paged</dt>
        <dd>{incident.paged.join(", ") || "nobody"}</dd>
        {incident.state !== "closed" && (
          <>
            <dt>Next</dt>
            <dd>
              <Next incident={incident} />
            </dd>
          </>
        )}
        {incident.part_of && (
          <>
            <dt>Part of</dt>
            <dd>
              <a href={at(`incidents/${encodeURIComponent(incident.part_of)}`)}>
                {incident.part_of}
              </a>
            </dd>
          </>
        )}
        <dt>Number</dt>
        <dd class="mono">{incident.id}</dd>
      </dl>
      <div>
        <Missing incident={incident} />
        <Closed incident={incident} />
      </div>
    </section>
  );
}

function Since({ incident }: { incident: Incident }) {
  const from = incident.began_at ?? incident.opened_at;
  return (
    <>
      <Moment at={from} />
      {!incident.closed_at && !incident.recovered_at && (
        <>
          , for <For since={from} />
        </>
      )}
      {incident.recovered_at && (
        <>
          , recovered <Moment at={incident.recovered_at} />
        </>
      )}
      {incident.reopened > 0 &&
        `, reopened ${incident.reopened === 1 ? "once" : `${incident.reopened} times`}`}
      {` · opened by ${incident.opened_by}`}
    </>
  );
}

function Services({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <span class="faint">none named</span>;
  return (
    <>
      {names.map((name, index) => (
        <>
          {index > 0 && ", "}
          <a href={at(`services/${encodeURIComponent(name)}`)}>{name}</a>
        </>
      ))}
    </>
  );
}

function Next({ incident }: { incident: Incident }) {
  if (incident.next_level) {
    return (
      <>
        <b>{incident.next_level}</b> is paged <Ago at={incident.next_page_at} /> unless somebody
        acknowledges it
      </>
    );
  }
  const late = incident.state === "open" && incident.respond_by;
  return late ? (
    <>
      to be acknowledged <Ago at={incident.respond_by} />
    </>
  ) : (
    <>nobody else is paged</>
  );
}

function Missing({ incident }: { incident: Incident }) {
  if (incident.missing.length === 0) return null;
  return (
    <>
      <h2>Missing for recovery</h2>
      <ul class="incident-missing">
        {incident.missing.map((each) => (
          <li>{each}</li>
        ))}
      </ul>
    </>
  );
}

function Closed({ incident }: { incident: Incident }) {
  if (incident.state !== "closed") return null;
  return (
    <>
      <h2>
        Closed <Moment at={incident.closed_at} />
      </h2>
      <p>{incident.resolution}</p>
      {incident.lessons && (
        <>
          <h3>What was learned</h3>
          <p>{incident.lessons}</p>
        </>
      )}
    </>
  );
}
