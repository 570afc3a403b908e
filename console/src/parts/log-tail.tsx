/** The newest lines that a service wrote, renewed while somebody looks. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, told } from "../api/client";
import { useAsked } from "./asked";
import { Trouble } from "./trouble";

const LINES = 500;
const EVERY = 2_000;

interface Props {
  service: string;
  /** Only lines that hold this are shown; case does not matter. */
  words?: string;
}

export function LogTail({ service, words = "" }: Props) {
  const following = useSignal(true);
  const end = useRef<HTMLPreElement>(null);
  const { asked, again } = useAsked(
    () =>
      told(
        api.GET("/api/services/{name}/log", {
          params: { path: { name: service }, query: { lines: LINES } },
        }),
      ),
    [service],
  );
  useEffect(() => {
    if (!following.value) return;
    const timer = setInterval(() => document.hidden || again(), EVERY);
    return () => clearInterval(timer);
  }, [following.value, service]);
  const { data } = asked.value;
  const lines = (data?.lines ?? []).filter((line) =>
    line.toLowerCase().includes(words.toLowerCase()),
  );
  useEffect(() => {
    if (following.value && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [lines.length, lines.at(-1)]);
  return (
    <>
      <Trouble asked={asked.value} />
      {data?.said && <p class="faint">{data.said}</p>}
      {data && (
        <>
          <pre
            ref={end}
            class="log"
            tabIndex={0}
            role="log"
            aria-label={`what ${service} wrote`}
            aria-live="off"
          >
            {lines.join("\n")}
          </pre>
          <p class="bar">
            <button
              aria-pressed={following.value}
              onClick={() => (following.value = !following.value)}
            >
              {following.value ? "Following" : "Follow"}
            </button>
            <span class="faint">
              {lines.length} lines{data.truncated ? ", older ones are not shown" : ""}
            </span>
          </p>
        </>
      )}
    </>
  );
}
