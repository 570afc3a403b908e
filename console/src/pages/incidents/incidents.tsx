/** Incidents that people have, or should; those that are closed; and how fast they were dealt with. */

import "./incidents.css";
import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Incident } from "../../api/types";
import { incidents } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { Tabs, useTab } from "../../parts/tabs";
import { Trouble } from "../../parts/trouble";
import { IncidentTable } from "./incident-table";
import { Measures } from "./measures";
import { OpenIncident } from "./open-incident";

const TABS = { open: "Open", closed: "Closed" };

export default function Incidents() {
  const tab = useTab(TABS);
  const opening = useSignal(false);
  return (
    <Page
      title="Incidents"
      beside={<ActButton onClick={() => (opening.value = true)}>Open an incident</ActButton>}
    >
      <Measures />
      <Tabs label="Which incidents" tabs={TABS} />
      {tab === "open" ? <Open /> : <Closed />}
      {opening.value && <OpenIncident close={() => (opening.value = false)} />}
    </Page>
  );
}

function Open() {
  const list = Object.values(incidents.value).sort(newestFirst);
  if (list.length === 0) return <p class="panel">No incident is open.</p>;
  return <IncidentTable label="Open incidents" list={list} />;
}

function Closed() {
  const known = Object.keys(incidents.value).sort().join();
  const query = { state: ["closed" as const], limit: 100 };
  const { asked } = useAsked(() => told(api.GET("/api/incidents", { params: { query } })), [known]);
  const list = asked.value.data ?? [];
  return (
    <>
      <Trouble asked={asked.value} />
      {list.length > 0 && <IncidentTable label="Closed incidents" list={list} />}
      {asked.value.data && list.length === 0 && <p class="panel">No incident was closed yet.</p>}
    </>
  );
}

function newestFirst(a: Incident, b: Incident): number {
  return b.opened_at.localeCompare(a.opened_at);
}
