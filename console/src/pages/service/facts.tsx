import type { components } from "../../api/schema";
import type { Service } from "../../api/types";
import { checks } from "../../live/platform";
import { For, Moment } from "../../parts/moment";
import { reasonOf } from "../../parts/reason";
import { CheckLink } from "../../parts/check-link";

export type Detail = components["schemas"]["ServiceDetail"];

/** What it is, and how it stands now. */
export function Facts({ service, detail }: { service: Service; detail: Detail | null }) {
  const { state, phase, since, instance, restarts, restarts_left: left } = service;
  const { text, cause } = reasonOf(service, checks.value);
  return (
    <section class="panel" aria-label="How it stands">
      <dl class="facts">
        {state !== "up" && (
          <>
            <dt>Why</dt>
            <dd>
              {text}
              {cause && (
                <>
                  , behind <CheckLink name={cause} />
                </>
              )}
            </dd>
          </>
        )}
        <dt>Phase</dt>
        <dd>
          {phase} for <For since={since} />{" "}
          <span class="faint">
            since <Moment at={since} />
          </span>
        </dd>
        <dt>Instance</dt>
        <dd>{instance ?? "none"}</dd>
        <dt>Restarts</dt>
        <dd>
          {left} of {restarts + left} left
        </dd>
        {detail && <Run detail={detail} />}
      </dl>
    </section>
  );
}

function Run({ detail }: { detail: Detail }) {
  const { controller, subject, ports, production, scale } = detail;
  return (
    <>
      <dt>Run by</dt>
      <dd>
        {controller}: <span class="mono">{subject}</span>
      </dd>
      {ports.length > 0 && (
        <>
          <dt>Ports</dt>
          <dd>{ports.join(", ")}</dd>
        </>
      )}
      {scale && (
        <>
          <dt>Replicas</dt>
          <dd>
            {scale.at_least} to {scale.at_most}, {scale.step} at a time at most
          </dd>
        </>
      )}
      {production && (
        <>
          <dt>Production</dt>
          <dd>yes</dd>
        </>
      )}
    </>
  );
}
