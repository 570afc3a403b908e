/** The alerts that fire, in the groups of which people are told. */

import { api, told } from "../../api/client";
import { alerts } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Trouble } from "../../parts/trouble";
import { AlertCard } from "./alert-card";
import { type Group, grouped } from "./groups";
import { hasWords } from "./matching";

export function Firing({ text }: { text: string }) {
  const known = Object.keys(alerts.value).sort().join();
  const { asked } = useAsked(() => told(api.GET("/api/v2/alerts/groups")), [known]);
  const all = grouped(asked.value.data ?? [], alerts.value);
  const groups = all
    .map((each) => ({ ...each, alerts: each.alerts.filter((alert) => hasWords(alert, text)) }))
    .filter((each) => each.alerts.length > 0);
  return (
    <>
      {asked.value.problem && <Trouble asked={asked.value} />}
      {groups.map((each) => (
        <AlertGroup key={each.key} group={each} />
      ))}
      {groups.length === 0 && (
        <p class="panel">
          {all.length > 0 ? "No alert that fires has these words." : "No alert fires."}
        </p>
      )}
    </>
  );
}

function AlertGroup({ group }: { group: Group }) {
  const labels = Object.entries(group.labels);
  return (
    <section class="alert-group">
      <h2>
        {group.receiver ? <>To {group.receiver}</> : "Not routed yet"}
        {labels.length > 0 && (
          <span class="faint alert-group-by">
            {labels.map(([name, value]) => `${name}="${value}"`).join(", ")}
          </span>
        )}
      </h2>
      <ul class="alert-list">
        {group.alerts.map((each) => (
          <AlertCard key={each.fingerprint} alert={each} />
        ))}
      </ul>
    </section>
  );
}
