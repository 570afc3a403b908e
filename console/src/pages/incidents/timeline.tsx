/** What happened around an incident, oldest first. */

import { Moment } from "../../parts/moment";
import { at } from "../../place";
import { waiting } from "../../live/platform";
import { aboutOf, type Entry, type Sort, sortOf, wordsOf } from "./entry-words";
import { SortMark } from "./sort-mark";

const TITLES: Record<Sort, string> = {
  alert: "Alert",
  notice: "Notice",
  acknowledgement: "Acknowledgement",
  step: "Step",
  verification: "Verification",
  remark: "Remark",
  trouble: "Trouble",
  waiting: "Waiting",
  course: "Incident",
};

export function Timeline({ entries }: { entries: readonly Entry[] }) {
  if (entries.length === 0) return <p class="faint">Nothing is recorded yet.</p>;
  return (
    <ol class="timeline">
      {grouped(entries).map((each) => (
        <Item key={each[0]?.seq} entries={each} />
      ))}
    </ol>
  );
}

/** The same thing said again in a row is one item, such as one run's steps left out. */
function grouped(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1)?.[0];
    if (last && last.kind === entry.kind && last.subject === entry.subject && mayJoin(entry)) {
      groups.at(-1)?.push(entry);
    } else {
      groups.push([entry]);
    }
  }
  return groups;
}

function mayJoin(entry: Entry): boolean {
  return /^(notice\.|alert\.|run\.step_skipped|service\.restart)/.test(entry.kind);
}

function Item({ entries }: { entries: Entry[] }) {
  const entry = entries.at(-1);
  if (!entry) return null;
  const sort = sortOf(entry);
  const asks = sort === "waiting" && isOpen(entry);
  return (
    <li class={`timeline-item sort-${sort} ${asks ? "timeline-asks" : ""}`}>
      <SortMark sort={sort} />
      <div>
        <p class="timeline-head">
          <b>{TITLES[sort]}</b>
          <About entry={entry} />
          <span class="faint">
            <Moment at={entry.at} />
            {entry.actor !== "opsbook" && ` · ${entry.actor}`}
          </span>
          {asks && <strong class="timeline-waits">waits for a person</strong>}
        </p>
        {entries.map((each) => (
          <p key={each.seq} class="timeline-said">
            {wordsOf(each)}
          </p>
        ))}
      </div>
    </li>
  );
}

function About({ entry }: { entry: Entry }) {
  const about = aboutOf(entry);
  if (!about) return null;
  if (entry.kind.startsWith("run.")) {
    return <a href={at(`runs/${encodeURIComponent(entry.subject)}`)}>{about}</a>;
  }
  if (entry.kind.startsWith("service.")) {
    return <a href={at(`services/${encodeURIComponent(entry.subject)}`)}>{about}</a>;
  }
  return <span>{about}</span>;
}

/** Whether nobody has answered yet. */
function isOpen(entry: Entry): boolean {
  return [`approval:${entry.subject}`, `decision:${entry.subject}`].some(
    (key) => key in waiting.value,
  );
}
