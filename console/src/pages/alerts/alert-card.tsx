/** One alert: what it says, why nobody is told where that is so, and what one can do about it. */

import type { Alert } from "../../api/types";
import { silences } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { ask } from "../../parts/ask";
import { Ago, For, Moment } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { StateWord, type Tone } from "../../parts/state";
import { at } from "../../place";
import { AcknowledgeAlert } from "./acknowledge";
import { SilenceAlert } from "./silence-dialog";

export function AlertCard({ alert }: { alert: Alert }) {
  const acknowledge = () => ask((close) => <AcknowledgeAlert alert={alert} close={close} />);
  const silence = () => ask((close) => <SilenceAlert alert={alert} close={close} />);
  const { tone, word } = standing(alert);
  const summary = alert.annotations["summary"] ?? alert.annotations["description"];
  return (
    <li class={`tile tone-edge-${tone}`} aria-label={alert.name}>
      <header>
        <h3>
          <StateWord state={tone} word={word} /> {alert.name}
        </h3>
        <span class="faint">
          for <For since={alert.starts_at} />
        </span>
      </header>
      {summary && <p>{summary}</p>}
      <Labels labels={alert.labels} />
      <Why alert={alert} />
      <Annotations alert={alert} summary={summary} />
      <div class="alert-acts">
        <ActButton onClick={acknowledge} label={`Acknowledge ${alert.name}`}>
          {alert.acknowledged ? "Acknowledge again" : "Acknowledge"}
        </ActButton>
        <ActButton onClick={silence} label={`Silence ${alert.name}`}>
          Silence
        </ActButton>
      </div>
    </li>
  );
}

/** What keeps people from being told counts more than how bad it is. */
function standing(alert: Alert): { tone: Tone; word: string } {
  if (alert.silenced_by.length > 0) return { tone: "maintenance", word: "silenced" };
  if (alert.inhibited_by.length > 0) return { tone: "maintenance", word: "inhibited" };
  if (alert.suppressed) return { tone: "maintenance", word: "suppressed" };
  return { tone: toneOf(alert.labels["severity"]), word: alert.labels["severity"] ?? "firing" };
}

function Labels({ labels }: { labels: Alert["labels"] }) {
  const shown = Object.entries(labels).filter(([name]) => name !== "alertname");
  return (
    <ul class="alert-labels" aria-label="Labels">
      {shown.map(([name, value]) => (
        <li>
          <span class="faint">{name}</span>{" "}
          {name === "service" ? (
            <a href={at(`services/${encodeURIComponent(value)}`)}>{value}</a>
          ) : (
            value
          )}
        </li>
      ))}
    </ul>
  );
}

function Why({ alert }: { alert: Alert }) {
  const { acknowledged } = alert;
  return (
    <>
      {alert.silenced_by.map((id) => (
        <SilencedBy id={id} />
      ))}
      {alert.inhibited_by.length > 0 && (
        <p>Inhibited by {alert.inhibited_by.join(", ")}: that one tells of the same.</p>
      )}
      {alert.suppressed && <p>Nobody is told: {alert.suppressed}</p>}
      {acknowledged && (
        <p class="alert-acknowledged">
          Acknowledged by <b>{acknowledged.by}</b> <Ago at={acknowledged.at} />
          {acknowledged.assignee !== acknowledged.by && <>, {acknowledged.assignee} has it</>}
          {acknowledged.until && (
            <>
              , repeats are held until <Moment at={acknowledged.until} />
            </>
          )}
          {acknowledged.why && `: ${acknowledged.why}`}
        </p>
      )}
      <p class="faint">
        Since <Moment at={alert.starts_at} /> · goes to {alert.receivers.join(", ") || "nobody"}
      </p>
    </>
  );
}

function SilencedBy({ id }: { id: string }) {
  const silence = silences.value[id];
  if (!silence) return <p>Silenced by {id}</p>;
  return (
    <p>
      Silenced by <b>{silence.created_by}</b>{" "}
      {silence.ends_at ? (
        <>
          until <Moment at={silence.ends_at} />
        </>
      ) : (
        "until it has ended"
      )}
      : {silence.comment}
    </p>
  );
}

function Annotations({ alert, summary }: { alert: Alert; summary: string | undefined }) {
  const others = Object.entries(alert.annotations).filter(([, value]) => value !== summary);
  if (others.length === 0) return null;
  return (
    <dl class="facts">
      {others.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>
            {/^https?:\/\//.test(value) ? (
              <a href={value} rel="noreferrer">
                {value}
              </a>
            ) : (
              value
            )}
          </dd>
        </>
      ))}
    </dl>
  );
}
