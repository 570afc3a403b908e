/** How an incident stands, as shape and word. */

import type { Incident } from "../../api/types";
import { StateWord, type Tone } from "../../parts/state";

const TONES: Record<Incident["state"], Tone> = {
  open: "down",
  acknowledged: "degraded",
  recovered: "up",
  closed: "up",
};

export function IncidentState({ incident }: { incident: Incident }) {
  return <StateWord state={TONES[incident.state]} word={incident.state} />;
}
