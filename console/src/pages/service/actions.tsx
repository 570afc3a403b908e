/** What can be done to a service. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Service } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Problem } from "../../api/problem";
import { say } from "../../parts/said";
import type { Detail } from "./facts";
import { OrderDialog, type Verb } from "./order-dialog";
import type { OrderResult } from "./order-outcome";
import { session } from "../../session";

interface Props {
  service: Service;
  detail: Detail | null;
  done: (result: OrderResult) => void;
}

export function Actions({ service, detail, done }: Props) {
  const asking = useSignal<Verb | null>(null);
  const looking = useSignal(false);
  const stopped = service.phase === "stopped";
  const look = async () => {
    looking.value = true;
    await lookAt(service.checks);
    looking.value = false;
  };
  const button = (verb: Verb, text: string, danger = false) => (
    <ActButton danger={danger} onClick={() => (asking.value = verb)}>
      {text}
    </ActButton>
  );
  if (session.value.person === null) {
    return (
      <p class="bar">
        <ActButton onClick={() => undefined}>Check now</ActButton>
      </p>
    );
  }
  return (
    <div class="bar" role="group" aria-label="Actions">
      {service.checks.length > 0 && (
        <ActButton onClick={() => void look()}>
          {looking.value ? "Looking…" : "Check now"}
        </ActButton>
      )}
      {stopped ? button("start", "Start") : button("restart", "Restart")}
      {!stopped && button("stop", "Stop", true)}
      {detail?.scale && !stopped && button("scale", "Scale")}
      {asking.value && (
        <OrderDialog
          service={service.name}
          verb={asking.value}
          detail={detail}
          done={done}
          close={() => (asking.value = null)}
        />
      )}
    </div>
  );
}

/** Says what was found. */
export async function lookAt(names: readonly string[]): Promise<void> {
  try {
    const found = await Promise.all(
      names.map((name) =>
        told(api.POST("/api/checks/{name}/look", { params: { path: { name } } })),
      ),
    );
    const wrong = found.filter((each) => each.state !== "up");
    const what = wrong.map((each) => `${each.name} is ${each.state}`).join(", ");
    say(
      wrong.length
        ? what
        : names.length === 1
          ? `${names[0]} is up`
          : `All ${names.length} checks are up`,
    );
  } catch (error) {
    say(error instanceof Problem ? error.message : String(error), true);
  }
}
