/** One service: how it stands and stood, why, and what can be done to it. */

import "./service.css";
import { useSignal } from "@preact/signals";
import { useRoute } from "preact-iso";
import { api, told } from "../../api/client";
import { now, services } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { StateWord } from "../../parts/state";
import { at } from "../../place";
import { Actions } from "./actions";
import { Checks } from "./checks";
import { Facts } from "./facts";
import { History } from "./history";
import { Log } from "./log";
import { Measurements } from "./measurements";
import { Neighbours } from "./neighbours";
import { OrderOutcome, type OrderResult } from "./order-outcome";
import { Related } from "./related";

export default function Service() {
  const name = decodeURIComponent(useRoute().params["name"] ?? "");
  return <OneService key={name} name={name} />;
}

function OneService({ name }: { name: string }) {
  const service = services.value[name];
  const outcome = useSignal<OrderResult | null>(null);
  const { asked } = useAsked(
    () => told(api.GET("/api/services/{name}", { params: { path: { name } } })),
    [name],
  );
  const detail = asked.value.data;
  if (!service) return <Page title={name}>{now.value && <Nothing name={name} />}</Page>;
  return (
    <Page title={name} beside={<StateWord state={service.state} />}>
      <p class="faint">{service.description}</p>
      <Actions service={service} detail={detail} done={(result) => (outcome.value = result)} />
      {outcome.value && (
        <OrderOutcome result={outcome.value} dismiss={() => (outcome.value = null)} />
      )}
      <div class="halves">
        <Facts service={service} detail={detail} />
        <History of="services" name={name} state={service.state} />
      </div>
      <Related service={name} />
      <Checks service={service} />
      <Neighbours dependsOn={service.depends_on} dependents={detail?.dependents ?? null} />
      <Measurements service={service} />
      <Log service={name} />
    </Page>
  );
}

function Nothing({ name }: { name: string }) {
  return (
    <>
      <p>The book has no service {name}. There are:</p>
      <ul>
        {Object.keys(services.value).map((each) => (
          <li>
            <a href={at(`services/${encodeURIComponent(each)}`)}>{each}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
