/** What people and runbooks have to do with a service now. */

import { api, told } from "../../api/client";
import { alerts, incidents, runs } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Ago } from "../../parts/moment";
import { RunState } from "../../parts/run-state";
import { toneOf } from "../../parts/severity";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

const RUNS = 5;

export function Related({ service }: { service: string }) {
  const { asked } = useAsked(() => told(api.GET("/api/runbooks")), []);
  const firing = Object.values(alerts.value).filter((each) => each.labels["service"] === service);
  const open = Object.values(incidents.value).filter((each) => each.services.includes(service));
  const ran = Object.values(runs.value)
    .filter((each) => Object.values(each.parameters).includes(service))
    .sort((a, b) => b.requested_at.localeCompare(a.requested_at))
    .slice(0, RUNS);
  const books = (asked.value.data ?? []).filter((each) =>
    Object.values(each.parameters).some((one) => (one as { type?: string }).type === "service"),
  );
  return (
    <section class="panel related" aria-labelledby="related">
      <h2 id="related">What goes on</h2>
      {open.length + firing.length + ran.length === 0 && (
        <p class="faint">No incident is open, no alert fires, nothing ran.</p>
      )}
      <ul>
        {open.map((each) => (
          <li key={each.id}>
            <StateWord state={toneOf(each.severity)} word={each.state} />
            <a href={at(`incidents/${each.id}`)}>{each.title}</a>
            <span class="faint">
              incident, {each.owner || "nobody has it"}, <Ago at={each.opened_at} />
            </span>
          </li>
        ))}
        {firing.map((each) => (
          <li key={each.fingerprint}>
            <StateWord state={toneOf(each.labels["severity"])} word="firing" />
            <a href={at("alerts")}>{each.annotations["summary"] ?? each.name}</a>
            <span class="faint">
              alert
              {each.acknowledged &&
                `, ${each.acknowledged.assignee || each.acknowledged.by} has it`}
              , <Ago at={each.starts_at} />
            </span>
          </li>
        ))}
        {ran.map((each) => (
          <li key={each.id}>
            <RunState run={each} />
            <a href={at(`runs/${each.id}`)}>{each.runbook}</a>
            <span class="faint">
              run by {each.by}, <Ago at={each.requested_at} />
            </span>
          </li>
        ))}
      </ul>
      {books.length > 0 && (
        <p>
          Runbooks:{" "}
          {books.map((each, index) => (
            <>
              {index > 0 && ", "}
              <a href={at(`runbooks/${encodeURIComponent(each.name)}`)} title={each.description}>
                {each.name}
              </a>
            </>
          ))}
        </p>
      )}
    </section>
  );
}
