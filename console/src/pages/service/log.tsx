import { useSignal } from "@preact/signals";
import { LogTail } from "../../parts/log-tail";
import { allows } from "../../session";

/** What it wrote last. */
export function Log({ service }: { service: string }) {
  const words = useSignal("");
  return (
    <section aria-labelledby="log">
      <header class="section-head">
        <h2 id="log">Log</h2>
        <input
          type="search"
          aria-label="Only lines with"
          placeholder="only lines with …"
          value={words.value}
          onInput={(event) => (words.value = event.currentTarget.value)}
        />
      </header>
      {allows("viewer") ? (
        <LogTail service={service} words={words.value} />
      ) : (
        <p class="faint">Sign in to read what it writes.</p>
      )}
    </section>
  );
}
