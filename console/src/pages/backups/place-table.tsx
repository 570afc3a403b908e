/** What lies at one destination, newest first, and why each copy is kept. */

import type { components } from "../../api/schema";
import { Ago, Moment } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { formatted } from "../../parts/units";
import { Table } from "../../parts/table";

type Place = components["schemas"]["PlaceStatus"];
type Copy = components["schemas"]["CopyStatus"];

const COLUMNS = ["Backup", "Stands", "Made", "Size", "Class", "Verified", "Retention"];

export function PlaceTable({ place }: { place: Place }) {
  return (
    <section aria-labelledby={`at-${place.destination}`}>
      <h2 id={`at-${place.destination}`}>At {place.destination}</h2>
      {place.problem && (
        <p class="trouble">
          <StateWord state="unknown" /> {place.problem}
        </p>
      )}
      {!place.problem && place.copies.length === 0 && <p class="faint">Nothing lies there.</p>}
      {place.copies.length > 0 && (
        <Table label={`copies at ${place.destination}`} columns={COLUMNS}>
          {place.copies.map((each) => (
            <CopyRow key={each.id} copy={each} />
          ))}
        </Table>
      )}
    </section>
  );
}

function CopyRow({ copy }: { copy: Copy }) {
  return (
    <tr>
      <td class="mono">{copy.id}</td>
      <td>
        <Standing copy={copy} />
        {copy.problem && <div class="trouble">{copy.problem}</div>}
      </td>
      <td>
        <Moment at={copy.made_at} />
        {copy.consistent_at && (
          <div class="faint">
            of <Ago at={copy.consistent_at} />
          </div>
        )}
      </td>
      <td class="number">{copy.size_bytes === null ? "" : formatted(copy.size_bytes, "bytes")}</td>
      <td>{copy.retention}</td>
      <td>
        {Object.entries(copy.verified).map(([depth, word]) => (
          <div>
            {depth}: {word}
          </div>
        ))}
        {Object.keys(copy.verified).length === 0 && <span class="faint">never</span>}
      </td>
      <td>
        {copy.keep === false && <strong>goes: </strong>}
        {copy.reason}
      </td>
    </tr>
  );
}

function Standing({ copy }: { copy: Copy }) {
  if (copy.partial) return <StateWord state="unknown" word="partial" />;
  return copy.good ? <StateWord state="up" word="good" /> : <StateWord state="down" word="bad" />;
}
