/** Opening an incident by hand. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { services } from "../../live/platform";
import { useAsked } from "../../parts/asked";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";

export function OpenIncident({ close }: { close: () => void }) {
  const { route } = useLocation();
  const chosen = useSignal<readonly string[]>([]);
  const { asked } = useAsked(() => told(api.GET("/api/incidents/severities")), []);
  const act = async (values: Record<string, string>) => {
    const body = {
      title: values["title"] ?? "",
      severity: values["severity"] ?? "",
      services: [...chosen.value],
      description: values["description"] ?? "",
      by: "",
    };
    const made = await told(api.POST("/api/incidents", { body }));
    route(at(`incidents/${encodeURIComponent(made.id)}`));
  };
  return (
    <Dialog title="Open an incident" doing="Open" act={act} close={close}>
      <Field label="What is wrong" name="title" required />
      <Field
        label="Severity"
        name="severity"
        required
        choices={[["", "choose"], ...(asked.value.data ?? []).map(asChoice)]}
        value=""
      />
      {asked.value.problem && <Trouble asked={asked.value} />}
      <fieldset class="incident-services">
        <legend>Services</legend>
        {Object.keys(services.value).map((name) => (
          <label>
            <input
              type="checkbox"
              checked={chosen.value.includes(name)}
              onChange={(event) => {
                const others = chosen.value.filter((each) => each !== name);
                chosen.value = event.currentTarget.checked ? [...others, name] : others;
              }}
            />{" "}
            {name}
          </label>
        ))}
        <small class="faint">Their checks say when it has recovered.</small>
      </fieldset>
      <Field label="More" name="description" long />
    </Dialog>
  );
}

function asChoice(severity: components["schemas"]["SeverityView"]): [string, string] {
  const { name, description } = severity;
  return [name, description ? `${name}: ${description}` : name];
}
