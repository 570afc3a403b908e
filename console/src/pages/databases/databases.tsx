/** How each database stands: figures against limits, what maintenance would do, and doing it. */

import { useLocation } from "preact-iso";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { Ago } from "../../parts/moment";
import { Page } from "../../parts/page";
import { StateWord } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { Care } from "./care";
import "./databases.css";
import { levelTones } from "./levels";
import { Report } from "./report";
import { Rhythm } from "./rhythm";

export default function Databases() {
  const { query } = useLocation();
  const { asked, again } = useAsked(() => told(api.GET("/api/databases")), []);
  useEvery(10, again);
  const listed = asked.value.data ?? [];
  const chosen = query["name"] ?? listed[0]?.name;
  const known = listed.find((each) => each.name === chosen);
  return (
    <Page title="Databases">
      <Trouble asked={asked.value} />
      {asked.value.data && listed.length === 0 && <p>The book names no databases to care for.</p>}
      <ul class="tiles">
        {listed.map((each) => (
          <li key={each.name} class={`tile tone-edge-${levelTones[each.level]}`}>
            <header>
              <h2>
                <a
                  href={at(`databases?name=${encodeURIComponent(each.name)}`)}
                  {...(each.name === chosen && { "aria-current": "true" })}
                >
                  {each.name}
                </a>
              </h2>
              <StateWord state={levelTones[each.level]} word={each.level} />
            </header>
            <p>{each.description}</p>
            {each.trouble && <p class="trouble">{each.trouble}</p>}
            <p class="faint">
              {each.kind}, {each.subject} · looked at <Ago at={each.at} />
            </p>
            <Rhythm database={each} />
          </li>
        ))}
      </ul>
      {chosen && known && (
        <>
          <Report key={`report ${chosen}`} name={chosen} />
          <Care key={`care ${chosen}`} name={chosen} rhythm={known.maintenance} changed={again} />
        </>
      )}
    </Page>
  );
}
