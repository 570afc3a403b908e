/** One page in thumb's reach: how it stands, and what a person can do about it at once. */

import "./phone.css";
import type { JSX } from "preact";
import type { Alert } from "../../api/types";
import { alerts, checks, now, services, waiting } from "../../live/platform";
import { Page } from "../../parts/page";
import { notUp } from "../../parts/verdict";
import { VerdictLine } from "../../parts/verdict-line";
import { bySince } from "../../parts/waiting";
import { DownCard } from "./down-card";
import { FiringCard } from "./firing-card";
import { WaitingCard } from "./waiting-card";

export default function Phone() {
  return <Page title="Phone">{now.value && <Thumb />}</Page>;
}

function Thumb() {
  // A service that needs a person stands below with its restart; an alert, with its silences.
  const asked = Object.values(waiting.value)
    .filter((each) => each.kind !== "person")
    .sort(bySince);
  const firing = Object.values(alerts.value)
    .filter((each) => isTold(each))
    .sort((a, b) => b.starts_at.localeCompare(a.starts_at));
  const down = notUp(services.value, checks.value);
  return (
    <div class="phone">
      <VerdictLine />
      <div class="thumb">
        {asked.length + firing.length + down.length === 0 && (
          <p class="nothing">Nothing waits for you.</p>
        )}
        <Cards title="Waits for you">
          {asked.map((each) => (
            <WaitingCard key={each.key} item={each} />
          ))}
        </Cards>
        <Cards title="Not up">
          {down.map((each) => (
            <DownCard key={each.name} service={each} />
          ))}
        </Cards>
        <Cards title="Alerts">
          {firing.map((each) => (
            <FiringCard key={each.fingerprint} alert={each} />
          ))}
        </Cards>
      </div>
    </div>
  );
}

/** Whether people are told of it: an alert that is quiet for a reason asks for nothing. */
function isTold(alert: Alert): boolean {
  const quiet = alert.silenced_by.length > 0 || alert.inhibited_by.length > 0 || alert.suppressed;
  return alert.ends_at === null && !quiet;
}

function Cards({ title, children }: { title: string; children: JSX.Element[] }) {
  if (children.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
