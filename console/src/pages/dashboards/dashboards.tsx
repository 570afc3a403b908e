/** The dashboards that the book names. */

import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";

export default function Dashboards() {
  const { asked } = useAsked(() => told(api.GET("/api/dashboards")), []);
  const all = asked.value.data;
  return (
    <Page title="Dashboards">
      <Trouble asked={asked.value} />
      {all?.length === 0 && (
        <p>
          The book names none. Put dashboards of Grafana beside it as JSON files, and name them
          under <code>dashboards:</code>.
        </p>
      )}
      {all && all.length > 0 && (
        <ul class="tiles">
          {all.map((each) => (
            <li class="tile">
              <header>
                <h2>
                  {each.readable ? (
                    <a href={at(`dashboards/${encodeURIComponent(each.uid)}`)}>{each.title}</a>
                  ) : (
                    each.title
                  )}
                </h2>
              </header>
              {each.tags.length > 0 && <p class="faint">{each.tags.join(" · ")}</p>}
              {each.problems.map((problem) => (
                <p class="not-understood">{problem}</p>
              ))}
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
