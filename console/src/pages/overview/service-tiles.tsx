/** A tile for each service, the worst first, and one for what belongs to none. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import { checks, services } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { barSpan } from "../../parts/beats";
import { Causes } from "../../parts/causes";
import { DaysChooser, useDays } from "../../parts/days";
import { useEvery } from "../../parts/every";
import { byState } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { ChecksTile } from "./checks-tile";
import { ServiceTile } from "./service-tile";

interface Opened {
  name: string;
  span: [number, number] | null;
}

/** Seconds; what has happened since is shown by the state that the newest bar takes over. */
const EVERY = 300;

export function ServiceTiles() {
  const days = useDays();
  const opened = useSignal<Opened | null>(null);
  const { asked, again } = useAsked(
    () => told(api.GET("/api/history", { params: { query: { days } } })),
    [days],
  );
  useEvery(EVERY, again);
  const history = asked.value.data;
  const all = Object.values(services.value).sort(byState);
  const free = Object.values(checks.value).filter((each) => each.service === null);
  const close = () => (opened.value = null);
  return (
    <section aria-labelledby="services">
      <header class="section-head">
        <h2 id="services">Services</h2>
        <DaysChooser days={days} />
      </header>
      <Trouble asked={{ ...asked.value, asking: false }} />
      <ul class="tiles">
        {all.map((each) => (
          <ServiceTile
            key={each.name}
            service={each}
            history={history}
            open={(index) => {
              const { start, end } = history!;
              const count = history?.services[0]?.states.length ?? 1;
              const span = index === null ? null : barSpan(start, end, count, index);
              opened.value = { name: each.name, span };
            }}
          />
        ))}
        {free.length > 0 && <ChecksTile checks={free} />}
      </ul>
      {opened.value && <Causes of="services" days={days} {...opened.value} close={close} />}
    </section>
  );
}
