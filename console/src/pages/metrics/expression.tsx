/** A box for an expression, which proposes what may follow: a combobox after the ARIA practices. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { type Place, placeIn } from "./completion";
import { type Candidate, candidatesAt } from "./known";

interface Props {
  expression: string;
  label: string;
  onRun: (expression: string) => void;
}

export function Expression({ expression, label, onRun }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const found = useSignal<{ place: Place; candidates: readonly Candidate[] } | null>(null);
  const chosen = useSignal(-1);
  const turn = useRef(0);
  useEffect(() => {
    if (input.current) input.current.value = expression;
  }, [expression]);

  const close = () => {
    turn.current += 1;
    found.value = null;
    chosen.value = -1;
  };
  const propose = async () => {
    const box = input.current;
    if (!box) return;
    const mine = ++turn.current;
    const place = placeIn(box.value, box.selectionStart ?? box.value.length);
    const candidates = await candidatesAt(place);
    if (mine !== turn.current) return;
    const finished = candidates.length === 1 && candidates[0]!.text === place.begun;
    found.value = candidates.length > 0 && !finished ? { place, candidates } : null;
    chosen.value = -1;
  };
  const take = (candidate: Candidate) => {
    const box = input.current;
    if (!box || !found.value) return;
    const { from, begun } = found.value.place;
    const more = candidate.what === "function" && box.value[from + begun.length] !== "(" ? "(" : "";
    box.setRangeText(candidate.text + more, from, from + begun.length, "end");
    box.focus();
    close();
  };
  const press = (event: KeyboardEvent) => {
    const candidates = found.value?.candidates ?? [];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && candidates.length > 0) {
      event.preventDefault();
      const next = chosen.value + step;
      chosen.value = next < 0 ? candidates.length - 1 : next % candidates.length;
    } else if (event.key === "ArrowDown" || (event.key === " " && event.ctrlKey)) {
      event.preventDefault();
      void propose();
    } else if (event.key === "Escape" && found.value) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const candidate = candidates[chosen.value];
      if (candidate) take(candidate);
      else run();
    }
  };
  const run = () => {
    close();
    onRun(input.current?.value.trim() ?? "");
  };
  useEffect(() => {
    document.getElementById(`${list}-${chosen.value}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen.value]);

  return (
    <div class="expression">
      <div class="expression-box">
        <input
          ref={input}
          class="mono"
          role="combobox"
          aria-label={label}
          aria-autocomplete="list"
          aria-expanded={found.value !== null}
          aria-controls={list}
          {...(chosen.value >= 0 && { "aria-activedescendant": `${list}-${chosen.value}` })}
          placeholder="sum by (service) (rate(api_requests_total[5m]))"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={() => void propose()}
          onKeyDown={press}
          onBlur={close}
        />
        <ul id={list} role="listbox" aria-label="May follow" hidden={found.value === null}>
          {found.value?.candidates.map((each, index) => (
            <li
              id={`${list}-${index}`}
              key={each.text}
              role="option"
              aria-selected={index === chosen.value}
              onMouseDown={(event) => {
                event.preventDefault();
                take(each);
              }}
            >
              <span class="mono">{each.text}</span> <span class="faint">{each.what}</span>
            </li>
          ))}
        </ul>
      </div>
      <button class="primary" onClick={run}>
        Run
      </button>
    </div>
  );
}
