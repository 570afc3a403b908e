/** What a run does and what its commands write, as it comes. */

import "./run.css";
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { follow, type Line, type Output, unfollow } from "../live/lines";
import { Moment } from "./moment";

/** How far from its end still counts as there, in pixels. */
const NEAR = 24;

interface Props {
  run: string;
  /** How often it was resumed: then it has more to say. */
  round: number;
  /** Told how often it spoke of a step. */
  steps?: Signal<number>;
}

export function RunOutput({ run, round, steps }: Props) {
  const followed = useSignal<Signal<Output> | null>(null);
  useEffect(() => {
    followed.value = follow(run);
    return () => unfollow(run);
  }, [run, round]);
  const output = followed.value?.value;
  const count = output?.lines.filter((each) => each.kind !== "output").length ?? 0;
  useEffect(() => {
    if (steps) steps.value = count;
  }, [count]);
  return (
    <Lines label={`Output of ${run}`} lines={output?.lines ?? []} ended={output?.ended ?? false} />
  );
}

interface LinesProps {
  label: string;
  lines: readonly Line[];
  ended: boolean;
}

/** Stays at the end until the reader scrolls up. */
function Lines({ label, lines, ended }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const sticks = useSignal(true);
  const toEnd = () => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    if (sticks.value) toEnd();
  }, [lines, sticks.value]);
  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    sticks.value = element.scrollTop + element.clientHeight >= element.scrollHeight - NEAR;
  };
  return (
    <div class="run-output">
      <div
        class="run-lines"
        ref={box}
        onScroll={scrolled}
        tabIndex={0}
        role="log"
        aria-label={label}
      >
        {lines.map((each) => (
          <OneLine key={each.position} line={each} />
        ))}
        {lines.length === 0 && <p class="faint">{ended ? "It wrote nothing." : "Nothing yet."}</p>}
      </div>
      {!sticks.value && (
        <button class="run-to-end" onClick={() => (sticks.value = true)}>
          To the end
        </button>
      )}
    </div>
  );
}

const WORDS: Readonly<Record<string, string>> = {
  begun: "begins",
  ended: "ends",
  failed: "fails",
  skipped: "skipped",
  waiting: "waits",
  output: "",
  run: "run",
};

function OneLine({ line }: { line: Line }) {
  if (line.kind === "output") return <div class="run-line run-wrote">{line.text}</div>;
  return (
    <div class={`run-line run-${line.kind}`}>
      {line.at !== null && (
        <span class="faint">
          <Moment at={line.at} />{" "}
        </span>
      )}
      {line.step} <b>{WORDS[line.kind] ?? line.kind}</b>
      {line.text && line.text !== "done" && `: ${line.text}`}
    </div>
  );
}
