import type { Alert } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { ask } from "../../parts/ask";
import { Ago } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { allows } from "../../session";
import { QuietDialog } from "./quiet-dialog";

const HOURS = [1, 4, 8];

/** An alert that fires, and how to have quiet for a while. */
export function FiringCard({ alert }: { alert: Alert }) {
  const has = alert.acknowledged?.assignee || alert.acknowledged?.by;
  return (
    <article class={`tile tone-edge-${toneOf(alert.labels["severity"])}`}>
      <p>
        <b>{alert.name}</b> {alert.annotations["summary"]}
      </p>
      <p class="faint">
        {has ? `${has} has it` : "nobody has it"}, <Ago at={alert.starts_at} />
      </p>
      <div class="actions" role="group" aria-label={`Silence ${alert.name}`}>
        {allows("operator") ? (
          <>
            <span>Silence</span>
            {HOURS.map((hours) => (
              <ActButton
                onClick={() =>
                  ask((close) => <QuietDialog alert={alert} hours={hours} close={close} />)
                }
                label={`Silence ${alert.name} for ${hours} h`}
              >
                {hours} h
              </ActButton>
            ))}
          </>
        ) : (
          <ActButton onClick={() => undefined}>Silence</ActButton>
        )}
      </div>
    </article>
  );
}
