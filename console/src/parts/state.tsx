/** A state as a shape and a word: colour alone tells nobody. */

export type Tone = "up" | "degraded" | "down" | "late" | "unknown" | "maintenance";

const SHAPES: Record<Tone, string> = {
  up: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.5 8.2l1.2-1.2 1.7 1.7 3.4-3.6 1.2 1.2-4.6 4.9z",
  degraded: "M8 1 0.5 14.5h15zM7.2 6h1.6v4.4H7.2zm0 5.6h1.6v1.6H7.2z",
  down: "M5 1h6l4 4v6l-4 4H5l-4-4V5zm.2 3L4 5.2 6.8 8 4 10.8 5.2 12 8 9.2l2.8 2.8 1.2-1.2L9.2 8 12 5.2 10.8 4 8 6.8z",
  late: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm-.8 2.6h1.6v4.1l3 1.8-.8 1.3-3.8-2.3z",
  unknown:
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM5.4 6.2C5.5 4.7 6.6 3.8 8.1 3.8c1.5 0 2.6.9 2.6 2.2 0 1-.5 1.6-1.3 2.1-.6.4-.8.6-.8 1.1v.3H7.1v-.4c0-1 .4-1.5 1.2-2 .6-.4.8-.6.8-1 0-.5-.4-.8-1-.8s-1 .4-1.1 1zM7 10.6h1.7v1.6H7z",
  maintenance: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.8 4.4h2v7.2h-2zm4.4 0h2v7.2h-2z",
};

export function StateMark({ state }: { state: Tone }) {
  return (
    <svg class={`mark tone-${state}`} viewBox="0 0 16 16" aria-hidden="true">
      <path fill="currentColor" fill-rule="evenodd" d={SHAPES[state]} />
    </svg>
  );
}

/** `word` where the thing has a better one than its state, such as `firing`. */
export function StateWord({ state, word }: { state: Tone; word?: string }) {
  return (
    <span class={`state tone-${state}`}>
      <StateMark state={state} />
      {word ?? state}
    </span>
  );
}

const ORDER: readonly Tone[] = ["down", "late", "unknown", "degraded", "maintenance", "up"];

/** Sorts the worst first. */
export function byState<T extends { state: Tone; name: string }>(a: T, b: T): number {
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name);
}
