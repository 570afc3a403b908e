import "./verdict-line.css";
import { checks, now, services } from "../live/platform";
import { StateMark } from "./state";
import { verdictOf } from "./verdict";

/** One sentence on top of all. */
export function VerdictLine() {
  if (!now.value) return null;
  const { state, text } = verdictOf(now.value, services.value, checks.value);
  return (
    <p class={`verdict tone-${state}`} role="status">
      <StateMark state={state} />
      <span>
        <span class="unseen">{state}: </span>
        {text}
      </span>
    </p>
  );
}
