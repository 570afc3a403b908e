/** A dashboard with its time and its variables, which stand in the address as Grafana has them. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Page } from "../../parts/page";
import { TimeRange, type TimeSpan, useRefresh } from "../../parts/time-range";
import { timeOf } from "../../parts/times";
import { chosenFor } from "./chosen";
import type { Board } from "./model";
import { Sections } from "./sections";
import { VariableBar } from "./variable-bar";
import { choicesFor } from "./variable-values";
import { type Chosen, inWords, type Scope } from "./variables";

const HOUR = 3_600_000;

export function BoardView({ board }: { board: Board }) {
  const { url, path, route } = useLocation();
  const search = new URLSearchParams(url.split("?")[1] ?? "");
  const span = { from: search.get("from") ?? board.from, to: search.get("to") ?? board.to };
  const refresh = search.get("refresh") ?? board.refresh;
  const turn = useRefresh(refresh).value;
  const before = useSignal<readonly TimeSpan[]>([]);
  const [from, to] = useMemo(() => {
    const now = Date.now();
    const end = timeOf(span.to, now, true) ?? now;
    return [Math.min(timeOf(span.from, now) ?? end - HOUR, end - 1_000), end];
  }, [span.from, span.to, turn]);
  const variables = [...search].filter(([name]) => name.startsWith("var-")).join("&");
  const { chosen, problem } = useChosen(board, search, variables, from, to);

  const go = (change: (search: URLSearchParams) => void) => {
    const next = new URLSearchParams(search);
    change(next);
    route(`${path}?${next}`);
  };
  const onSpan = (next: TimeSpan) =>
    go((given) => {
      given.set("from", next.from);
      given.set("to", next.to);
    });
  const zoom = (start: number, end: number) => {
    before.value = [...before.value, span];
    onSpan({ from: String(Math.round(start * 1_000)), to: String(Math.round(end * 1_000)) });
  };
  const back = () => {
    const last = before.value.at(-1);
    before.value = before.value.slice(0, -1);
    if (last) onSpan(last);
  };
  const choose = (name: string, values: readonly string[]) =>
    go((given) => {
      given.delete(`var-${name}`);
      for (const each of values) given.append(`var-${name}`, each);
    });

  // As the address has it, at once: what may be chosen is asked for behind it.
  const shown = [...(chosen?.values() ?? [])].map(({ variable }) => ({
    variable,
    values: chosenFor(variable, search),
  }));
  const scope: Scope | null = chosen && { chosen, from, to, step: 15 };
  return (
    <Page title={scope ? inWords(board.title, scope) : board.title}>
      {board.description && <p class="faint">{board.description}</p>}
      <div class="bar">
        <VariableBar chosen={shown} onChoose={choose} />
        <span class="gap" />
        <TimeRange
          span={span}
          onSpan={onSpan}
          refresh={refresh}
          onRefresh={(each) => go((given) => given.set("refresh", each))}
          back={before.value.length > 0 ? back : undefined}
        />
      </div>
      {board.notUnderstood.length > 0 && (
        <p class="not-understood">not understood: {board.notUnderstood.join(", ")}</p>
      )}
      {problem && (
        <p class="trouble" role="alert">
          {problem}
        </p>
      )}
      {scope && <Sections sections={board.sections} scope={scope} onZoom={zoom} />}
    </Page>
  );
}

/** Null until it is known. A variable may depend on those before it: they are asked in order. */
function useChosen(board: Board, search: URLSearchParams, asked: string, from: number, to: number) {
  const chosen = useSignal<ReadonlyMap<string, Chosen> | null>(null);
  const problem = useSignal("");
  const turn = useRef(0);
  useEffect(() => {
    const mine = ++turn.current;
    void (async () => {
      const found = new Map<string, Chosen>();
      let trouble = "";
      for (const each of board.variables) {
        const choices = await choicesFor(each, { chosen: found, from, to, step: 15 }).catch(
          (error: Error) => {
            trouble = `${each.label}: ${error.message}`;
            return [];
          },
        );
        const variable = { ...each, choices };
        found.set(each.name, { variable, values: chosenFor(variable, search) });
      }
      if (mine !== turn.current) return;
      chosen.value = found;
      problem.value = trouble;
    })();
  }, [board, asked]);
  return { chosen: chosen.value, problem: problem.value };
}
