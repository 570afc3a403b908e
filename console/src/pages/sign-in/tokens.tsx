/** Tokens of people and programs, for admins: made, shown once, revoked. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Ago, Moment } from "../../parts/moment";
import { say } from "../../parts/said";
import { Table } from "../../parts/table";
import { Trouble } from "../../parts/trouble";
import { ROLES, type RoleName } from "../../session";

const DAY = 86_400;
const COLUMNS = ["Name", "Role", "Id", "Made", "Ends", "Last used"] as const;

export function TokenList() {
  const making = useSignal(false);
  const made = useSignal("");
  const { asked, again } = useAsked(() => told(api.GET("/api/tokens")), []);
  const revoke = async (which: string) => {
    try {
      await told(api.DELETE("/api/tokens/{which}", { params: { path: { which } } }));
      say("The token is revoked.");
    } catch (error) {
      say((error as Error).message, true);
    }
    again();
  };
  const make = async ({ name = "", role = "", days = "" }: Record<string, string>) => {
    const ends = days ? { expires_seconds: Number(days) * DAY } : {};
    const body = { name, role: role as RoleName, ...ends };
    made.value = (await told(api.POST("/api/tokens", { body }))).token;
    again();
  };
  return (
    <>
      <h2>Tokens</h2>
      <Trouble asked={asked.value} />
      <Table label="Tokens" columns={[...COLUMNS, { text: "Revoke", unseen: true }]}>
        {(asked.value.data ?? []).map((each) => (
          <tr key={each.id}>
            <th scope="row">{each.name}</th>
            <td>{each.role}</td>
            <td class="mono">{each.id}</td>
            <td>
              <Moment at={each.made_at} />
            </td>
            <td>
              <Moment at={each.expires_at} />
            </td>
            <td>
              <Ago at={each.last_used_at} />
            </td>
            <td>
              <button
                aria-label={`Revoke ${each.id} of ${each.name}`}
                onClick={() => revoke(each.id)}
              >
                Revoke
              </button>
            </td>
          </tr>
        ))}
      </Table>
      {made.value && (
        <p class="panel" role="status">
          The token, which nobody is told again: <code>{made.value}</code>
        </p>
      )}
      <p class="bar">
        <button onClick={() => (making.value = true)}>Make a token</button>
      </p>
      {making.value && (
        <Dialog title="Make a token" doing="Make" act={make} close={() => (making.value = false)}>
          <Field label="Name" name="name" hint="Of the person or the program" required />
          <Field label="Role" name="role" choices={ROLES} value="viewer" />
          <Field label="Days until it ends" name="days" type="number" hint="Never, if empty" />
        </Dialog>
      )}
    </>
  );
}
