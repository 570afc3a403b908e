/** What the services write: one of them, its newest lines, filtered, and followed. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { services } from "../../live/platform";
import { LogTail } from "../../parts/log-tail";
import { Page } from "../../parts/page";
import { at } from "../../place";

export default function Logs() {
  const { query, route } = useLocation();
  const words = useSignal("");
  const names = Object.keys(services.value).sort();
  const chosen = query["service"] ?? names[0];
  return (
    <Page title="Logs">
      <div class="bar">
        <label>
          Service{" "}
          <select
            value={chosen ?? ""}
            onChange={(event) => route(at(`logs?service=${event.currentTarget.value}`))}
          >
            {names.map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Only lines with{" "}
          <input type="search" onInput={(event) => (words.value = event.currentTarget.value)} />
        </label>
      </div>
      {chosen ? (
        <LogTail key={chosen} service={chosen} words={words.value} />
      ) : (
        <p class="faint">The book has no services, so nothing is written here.</p>
      )}
    </Page>
  );
}
