import { useRef } from "preact/hooks";
import type { StateName } from "../api/types";
import { worse } from "./with-now";

/** The worst state that was shown since an answer came: it knows nothing of what came after it. */
export function useWorstSince(answer: unknown, state: StateName): StateName {
  const worst = useRef({ answer, state });
  if (worst.current.answer !== answer || worse(state, worst.current.state)) {
    worst.current = { answer, state };
  }
  return worst.current.state;
}
