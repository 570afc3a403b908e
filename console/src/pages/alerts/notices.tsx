/** Who was told what, and what came of it. */

import type { components } from "../../api/schema";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { useEvery } from "../../parts/every";
import { Moment } from "../../parts/moment";
import { StateWord, type Tone } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { hasWords } from "./matching";
import { Table } from "../../parts/table";

type Notice = components["schemas"]["NoticeView"];

const MOST = 200;
const TONES: Record<Notice["status"], Tone> = {
  new: "late",
  sending: "late",
  sent: "up",
  failed: "down",
  unknown: "unknown",
  superseded: "maintenance",
};

export function Notices({ text }: { text: string }) {
  const query = { limit: MOST };
  const { asked, again } = useAsked(() => told(api.GET("/api/notices", { params: { query } })), []);
  useEvery(2, again);
  const list = (asked.value.data ?? []).filter((each) => hasWords(each, text));
  return (
    <>
      <Trouble asked={asked.value} />
      {asked.value.data && list.length === 0 && <p class="panel">No notices.</p>}
      {list.length > 0 && (
        <Table
          label="Notices, the newest first"
          columns={["When", "To", "Of", "Told", "What came of it"]}
        >
          {list.map((each) => (
            <Row key={`${each.key} ${each.receiver} ${each.entry}`} notice={each} />
          ))}
        </Table>
      )}
    </>
  );
}

function Row({ notice }: { notice: Notice }) {
  const tries = notice.attempts === 1 ? "1 try" : `${notice.attempts} tries`;
  return (
    <tr>
      <td>
        <Moment at={notice.made_at} />
      </td>
      <td>
        {notice.receiver} <span class="faint">{notice.entry}</span>
      </td>
      <td class="mono matchers">{notice.group}</td>
      <td>
        {notice.told}, {notice.alerts === 1 ? "1 alert" : `${notice.alerts} alerts`}
      </td>
      <td>
        <StateWord state={TONES[notice.status]} word={notice.status} />
        <div class="faint">{[notice.answer, tries].filter(Boolean).join(", ")}</div>
      </td>
    </tr>
  );
}
