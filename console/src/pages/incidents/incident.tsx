/** One incident: how it stands, what happened around it, and what can be done about it. */

import "./incidents.css";
import { useRoute } from "preact-iso";
import { api, told } from "../../api/client";
import type { Incident, Run } from "../../api/types";
import { alerts, incidents, runs, written } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { RunOutput } from "../../parts/run-output";
import { RunQuestion } from "../../parts/run-question";
import { RunState } from "../../parts/run-state";
import { Trouble } from "../../parts/trouble";
import { useWhenTold } from "../../parts/when-told";
import { at } from "../../place";
import { IncidentActs } from "./incident-acts";
import { IncidentHead } from "./incident-head";
import { IncidentState } from "./incident-state";
import { Timeline } from "./timeline";

/** A page may follow five runs at once. */
const MOST_FOLLOWED = 5;

export default function IncidentPage() {
  const number = useRoute().params["number"] ?? "";
  const live = incidents.value[number];
  const mine = Object.values(runs.value).filter((each) => each.incident === number);
  const moved = [live, mine, Object.keys(alerts.value)].map((each) => JSON.stringify(each)).join();
  const path = { number };
  const { asked, again } = useAsked(
    () => told(api.GET("/api/incidents/{number}", { params: { path } })),
    [number, moved],
  );
  const story = asked.value.data?.id === number ? asked.value.data : null;
  const incident: Incident | null = live ?? story;
  // Notices, and what its services do, change nothing of the incident itself.
  useWhenTold(written.value, again, incident !== null && incident.state !== "closed");
  return (
    <Page
      title={incident?.title ?? "Incident"}
      beside={incident && <IncidentState incident={incident} />}
    >
      {!story && <Trouble asked={asked.value} />}
      {incident && <IncidentHead incident={incident} />}
      {incident && <IncidentActs incident={incident} />}
      {mine.map((each) => (
        <RunQuestion key={each.id} run={each} />
      ))}
      {story && (
        <>
          <h2>What happened</h2>
          <Timeline entries={story.timeline} />
        </>
      )}
      <Outputs runs={mine.filter((each) => !each.ended_at)} />
    </Page>
  );
}

function Outputs({ runs: all }: { runs: readonly Run[] }) {
  return (
    <>
      {all.slice(0, MOST_FOLLOWED).map((each) => (
        <section key={each.id}>
          <h2>
            <a href={at(`runs/${encodeURIComponent(each.id)}`)}>{each.runbook}</a>{" "}
            <RunState run={each} />
          </h2>
          <RunOutput run={each.id} round={each.round} />
        </section>
      ))}
    </>
  );
}
