import type { Service } from "../../api/types";
import { checks } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { ask } from "../../parts/ask";
import { CheckLink } from "../../parts/check-link";
import { For } from "../../parts/moment";
import { reasonOf } from "../../parts/reason";
import { StateWord } from "../../parts/state";
import { at } from "../../place";
import { RestartDialog } from "./restart-dialog";

/** A service that is not up. */
export function DownCard({ service }: { service: Service }) {
  const { name, state } = service;
  const restart = () => ask((close) => <RestartDialog service={name} close={close} />);
  const { text, cause, since } = reasonOf(service, checks.value);
  return (
    <article class={`tile tone-edge-${state}`}>
      <p>
        <a class="more" href={at(`services/${encodeURIComponent(name)}`)}>
          {name}
        </a>{" "}
        <StateWord state={state} />
      </p>
      <p>
        {text}
        {cause && (
          <>
            , behind <CheckLink name={cause} />
          </>
        )}
      </p>
      <p class="faint">
        for <For since={since} />
      </p>
      <div class="actions">
        <ActButton onClick={restart} label={`Restart ${name}`}>
          Restart
        </ActButton>
      </div>
    </article>
  );
}
