/** When a database is maintained: last, next, and whether somebody signed for it. */

import type { components } from "../../api/schema";
import { Ago } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { careTones } from "./levels";

type Database = components["schemas"]["DatabaseStatus"];

export function Rhythm({ database }: { database: Database }) {
  const { maintenance } = database;
  return (
    <>
      <p class="faint">
        maintained <Ago at={database.maintained_at} />
        {maintenance.last_done === false && " (not whole)"}
        {maintenance.next_at && (
          <>
            {" "}
            · next <Ago at={maintenance.next_at} />
          </>
        )}
        {maintenance.signed_by && <> · signed by {maintenance.signed_by}</>}
      </p>
      {maintenance.state && maintenance.state !== "good" && (
        <p>
          <StateWord state={careTones[maintenance.state]} word={maintenance.state} />{" "}
          {maintenance.why}
        </p>
      )}
    </>
  );
}
