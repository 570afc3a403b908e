import { useSignal } from "@preact/signals";
import type { StateName } from "../../api/types";
import { useAsked } from "../../parts/asked";
import { barSpan, spanName } from "../../parts/beats";
import { Causes } from "../../parts/causes";
import { type Days, DaysChooser, useDays } from "../../parts/days";
import { useEvery } from "../../parts/every";
import { historyOf, type Watched } from "../../parts/history";
import { Heartbeats } from "../../parts/heartbeats";
import { withNow } from "../../parts/with-now";
import { useWorstSince } from "../../parts/worst-since";
import { Trouble } from "../../parts/trouble";

const EVERY = 300;

interface Props {
  of: Watched;
  name: string;
  state: StateName;
}

/** How it stood over the time that is chosen. */
export function History({ of, name, state }: Props) {
  const days = useDays();
  return (
    <section class="panel" aria-label="How it stood">
      <header class="section-head">
        <h2>History</h2>
        <DaysChooser days={days} />
      </header>
      <Bars of={of} name={name} state={state} days={days} />
    </section>
  );
}

export function Bars({ of, name, state, days }: Props & { days: Days }) {
  const opened = useSignal<{ span: [number, number] | null } | null>(null);
  const { asked, again } = useAsked(() => historyOf(of, name, days), [of, name, days]);
  useEvery(EVERY, again);
  const { data } = asked.value;
  const worst = useWorstSince(data, state);
  if (!data) return <Trouble asked={asked.value} />;
  const { start, end, bars } = data;
  const span = (index: number) => barSpan(start, end, bars.length, index);
  return (
    <>
      <Heartbeats
        name={name}
        bars={withNow(
          bars.map((each) => each.state),
          worst,
        )}
        start={start}
        end={end}
        percent={data.availability_percent}
        onOpen={(index) => (opened.value = { span: index === null ? null : span(index) })}
      />
      <p class="faint scale-ends">{spanName(Date.parse(start), Date.parse(end))}</p>
      {opened.value && (
        <Causes
          of={of}
          name={name}
          days={days}
          {...opened.value}
          close={() => (opened.value = null)}
        />
      )}
    </>
  );
}
