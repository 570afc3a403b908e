/** A report, made now: figures against their limits, listings, and what a person may want to do. */

import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { ActButton } from "../../parts/act-button";
import { useAsked } from "../../parts/asked";
import { Moment } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { formatted } from "../../parts/units";
import { levelTones } from "./levels";
import { Table } from "../../parts/table";

type Figure = components["schemas"]["FigureStatus"];
type Listing = components["schemas"]["ListingStatus"];

export function Report({ name }: { name: string }) {
  const { asked, again } = useAsked(
    () => told(api.GET("/api/databases/{name}/report", { params: { path: { name } } })),
    [name],
  );
  const report = asked.value.data;
  return (
    <section aria-labelledby="report">
      <h2 id="report">Report on {name}</h2>
      <p class="bar">
        <ActButton role="viewer" onClick={again}>
          Look now
        </ActButton>
        {report?.at && (
          <span class="faint">
            of <Moment at={report.at} />
          </span>
        )}
      </p>
      <Trouble asked={asked.value} />
      {report && (
        <>
          <Figures figures={report.figures} />
          {report.advice.map((each) => (
            <div class="panel">
              <p>
                {each.why} <span class="faint">(class {each.action_class})</span>
              </p>
              <pre tabIndex={0}>{each.statement}</pre>
            </div>
          ))}
          {report.listings.map((each) => (
            <Listed key={each.name} listing={each} />
          ))}
        </>
      )}
    </section>
  );
}

function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <Table label="Figures" columns={["Stands", "Figure", "Value", "Limit"]}>
      {figures.map((each) => (
        <tr>
          <td>
            <StateWord state={levelTones[each.level]} word={each.level} />
          </td>
          <td>
            {each.meaning || each.name}
            {each.why && <div class="faint">{each.why}</div>}
          </td>
          <td class="number">{measured(each.name, each.value)}</td>
          <td class="number">{each.limit === null ? "" : measured(each.name, each.limit)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Listed({ listing }: { listing: Listing }) {
  return (
    <details>
      <summary>
        {listing.name.replaceAll("_", " ")} ({listing.rows.length})
      </summary>
      {listing.why && <p class="faint">{listing.why}</p>}
      <Table label={listing.name} columns={listing.columns}>
        {listing.rows.map((row) => (
          <tr>
            {row.map((cell) => (
              <td>{cell ?? ""}</td>
            ))}
          </tr>
        ))}
      </Table>
    </details>
  );
}

/** The name of a figure ends with its unit. */
export function measured(name: string, value: unknown): string {
  if (value === null || value === undefined) return "not known";
  if (typeof value !== "number") return String(value);
  return formatted(value, /_(bytes|percent|seconds)$/.exec(name)?.[1]);
}
