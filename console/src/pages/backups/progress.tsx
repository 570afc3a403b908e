/** How far a backup is that is being made. */

import type { BackupSet } from "../../api/types";
import { formatted } from "../../parts/units";

export function Progress({ progress }: { progress: NonNullable<BackupSet["progress"]> }) {
  const { what, done_bytes: done, total_bytes: total } = progress;
  return (
    <p>
      <label>
        {what}: {formatted(done, "bytes")}
        {total !== null && ` of ${formatted(total, "bytes")}`}
        {/* Without a value it says that nobody knows how much there is. */}
        <progress class="whole" {...(total !== null && { max: total, value: done })} />
      </label>
    </p>
  );
}
