/** Who signs in with a password, for admins: added, disabled, removed. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Moment } from "../../parts/moment";
import { say } from "../../parts/said";
import { Table } from "../../parts/table";
import { Trouble } from "../../parts/trouble";
import { ROLES, type RoleName } from "../../session";

export function People() {
  const adding = useSignal(false);
  const removing = useSignal("");
  const { asked, again } = useAsked(() => told(api.GET("/api/users")), []);
  const setDisabled = async (name: string, disabled: boolean) => {
    try {
      await told(api.PATCH("/api/users/{name}", { ...path(name), body: { disabled } }));
      say(`${name} is ${disabled ? "disabled" : "enabled"}.`);
    } catch (error) {
      say((error as Error).message, true);
    }
    again();
  };
  const path = (name: string) => ({ params: { path: { name } } });
  return (
    <>
      <h2>People</h2>
      <Trouble asked={asked.value} />
      <Table
        label="People"
        columns={["Name", "Role", "Since", "Stands", { text: "Change", unseen: true }]}
      >
        {(asked.value.data ?? []).map((each) => (
          <tr key={each.name}>
            <th scope="row">{each.name}</th>
            <td>{each.role}</td>
            <td>
              <Moment at={each.made_at} />
            </td>
            <td>{each.disabled ? "disabled" : "may sign in"}</td>
            <td>
              <button
                aria-label={`${each.disabled ? "Enable" : "Disable"} ${each.name}`}
                onClick={() => setDisabled(each.name, !each.disabled)}
              >
                {each.disabled ? "Enable" : "Disable"}
              </button>{" "}
              <button
                aria-label={`Remove ${each.name}`}
                onClick={() => (removing.value = each.name)}
              >
                Remove
              </button>
            </td>
          </tr>
        ))}
      </Table>
      <p class="bar">
        <button onClick={() => (adding.value = true)}>Add somebody</button>
      </p>
      {removing.value && (
        <Dialog
          title={`Remove ${removing.value}?`}
          doing="Remove"
          danger
          close={() => (removing.value = "")}
          act={async () => {
            await told(api.DELETE("/api/users/{name}", path(removing.value)));
            again();
            return `${removing.value} is removed.`;
          }}
        >
          <p>Their sessions end at once. What they did stays in the ledger.</p>
        </Dialog>
      )}
      {adding.value && <AddUser close={() => (adding.value = false)} added={again} />}
    </>
  );
}

function AddUser({ close, added }: { close: () => void; added: () => void }) {
  const act = async ({ name = "", role = "", password = "" }: Record<string, string>) => {
    await told(api.POST("/api/users", { body: { name, role: role as RoleName, password } }));
    added();
    return `${name} may sign in.`;
  };
  return (
    <Dialog title="Let somebody sign in" doing="Add" act={act} close={close}>
      <Field label="Name" name="name" required />
      <Field label="Role" name="role" choices={ROLES} value="operator" />
      <Field
        label="Password"
        name="password"
        type="password"
        hint="At least 12 characters"
        required
      />
    </Dialog>
  );
}
