/** The procedures of the book, whether what they do can be taken back, and how they went. */

import "./runbooks.css";
import { api, told } from "../../api/client";
import type { Run, Runbook } from "../../api/types";
import { runs } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Ago } from "../../parts/moment";
import { Page } from "../../parts/page";
import { useQuery } from "../../parts/query";
import { RunState } from "../../parts/run-state";
import { RunTable } from "../../parts/run-table";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { ClassWord } from "./class-word";
import { newest } from "./newest";
import { Proven } from "./proven";
import { Table } from "../../parts/table";

const MOST = 200;

export default function Runbooks() {
  const [incident] = useQuery("incident");
  const { asked } = useAsked(() => told(api.GET("/api/runbooks")), []);
  const query = { limit: MOST };
  const before = useAsked(() => told(api.GET("/api/runs", { params: { query } })), []).asked;
  const all = newest(before.value.data ?? [], Object.values(runs.value));
  const list = asked.value.data ?? [];
  return (
    <Page title="Runbooks" beside={incident && <span class="faint">for {incident}</span>}>
      <Trouble asked={asked.value} />
      {list.length > 0 && <List list={list} all={all} incident={incident} />}
      {asked.value.data && list.length === 0 && <p class="panel">The book has no runbooks.</p>}
      {all.length > 0 && (
        <>
          <h2>Newest runs</h2>
          <RunTable label="Newest runs" runs={all.slice(0, 20)} />
        </>
      )}
    </Page>
  );
}

function List({ list, all, incident }: { list: Runbook[]; all: Run[]; incident: string }) {
  const behind = incident ? `?incident=${encodeURIComponent(incident)}` : "";
  return (
    <Table label="Runbooks" columns={["Runbook", "What for", "Class", "Rollback", "Last run"]}>
      {list.map((each) => (
        <tr key={each.name}>
          <th scope="row" class="runbook-name">
            <a href={at(`runbooks/${encodeURIComponent(each.name)}${behind}`)}>{each.name}</a>
          </th>
          <td class="runbook-what">{each.description}</td>
          <td>
            <ClassWord number={each.run_class} />
          </td>
          <td>
            <Proven runbook={each} />
          </td>
          <td>
            <Last run={all.find((run) => run.runbook === each.name)} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Last({ run }: { run: Run | undefined }) {
  if (!run) return <span class="faint">never</span>;
  return (
    <>
      <RunState run={run} />{" "}
      <a href={at(`runs/${encodeURIComponent(run.id)}`)}>
        <Ago at={run.requested_at} />
      </a>
    </>
  );
}
