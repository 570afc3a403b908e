/** How something stood over a time, one bar for each part of it; every bar opens its cause. */

import "./heartbeats.css";
import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { barName, periodName, summary } from "./beats";
import type { Tone } from "./state";

interface Props {
  /** Of what. */
  name: string;
  /** Oldest first. */
  bars: readonly { state: Tone }[];
  start: string;
  end: string;
  percent: number | null;
  /** `null`: all of them. */
  onOpen: (index: number | null) => void;
}

/** By key; how far to go from a bar, `last` being the number of the newest. */
const STEPS: Readonly<Record<string, (index: number, last: number) => number>> = {
  ArrowLeft: (index) => Math.max(0, index - 1),
  ArrowRight: (index, last) => Math.min(last, index + 1),
  Home: () => 0,
  End: (_, last) => last,
};

export function Heartbeats({ name, bars, start, end, percent, onOpen }: Props) {
  const last = bars.length - 1;
  const here = useSignal(last);
  const group = useRef<HTMLDivElement>(null);
  const open = useRef(onOpen);
  open.current = onOpen;
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    here.value = step(here.value, last);
    (group.current?.children[here.value] as HTMLElement | undefined)?.focus();
  };
  const states = bars.map((each) => each.state).join();
  const drawn = useMemo(
    () =>
      bars.map(({ state }, index) => {
        const said = `${barName(start, end, bars.length, index)}: ${state}`;
        return (
          <button
            class={`tone-${state}`}
            tabIndex={index === here.value ? 0 : -1}
            aria-label={said}
            title={said}
            onClick={() => {
              here.value = index;
              open.current(index);
            }}
          />
        );
      }),
    [states, start, end, here.value],
  );
  const told = `${periodName(start, end)}: ${summary(bars, percent)}`;
  return (
    <div>
      <div ref={group} class="beats" role="group" aria-label={`${name}, ${told}`} onKeyDown={press}>
        {drawn}
      </div>
      <div class="beats-line">
        <span>{told}</span>
        <button onClick={() => onOpen(null)}>
          Causes<span class="unseen"> of {name}</span>
        </button>
      </div>
    </div>
  );
}
