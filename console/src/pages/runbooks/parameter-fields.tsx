/** The fields of a runbook's parameters, each with what is wrong with it. */

import { type Signal, useSignal } from "@preact/signals";
import type { Parameter } from "../../api/types";
import { services } from "../../live/platform";
import {
  asGiven,
  firstValues,
  type Parameters,
  refusedValues,
  type Values,
  wrongValues,
} from "./parameters";

export interface ParameterState {
  values: Signal<Values>;
  wrong: Signal<Readonly<Record<string, string>>>;
  /** What to send; null where something is wrong, which the fields say then. */
  given: () => Record<string, unknown> | null;
  /** The fields say what the server refused; false where it is about none of them. */
  refused: (detail: string) => boolean;
}

export function useParameters(parameters: Parameters): ParameterState {
  const values = useSignal<Values>(firstValues(parameters));
  const wrong = useSignal<Readonly<Record<string, string>>>({});
  return {
    values,
    wrong,
    given: () => {
      wrong.value = wrongValues(parameters, values.value, Object.keys(services.value));
      const [first] = Object.keys(wrong.value);
      if (first) document.getElementById(`parameter-${first}`)?.focus();
      return first ? null : asGiven(parameters, values.value);
    },
    refused: (detail) => {
      const found = refusedValues(detail);
      if (Object.keys(found).length > 0) wrong.value = found;
      return Object.keys(found).length > 0;
    },
  };
}

interface Props {
  parameters: Parameters;
  state: ParameterState;
  changed: () => void;
}

export function ParameterFields({ parameters, state, changed }: Props) {
  const { values, wrong } = state;
  return (
    <div class="parameters">
      {Object.entries(parameters).map(([name, each]) => (
        <OneParameter
          name={name}
          parameter={each}
          value={values.value[name] ?? ""}
          wrong={wrong.value[name] ?? ""}
          set={(value) => {
            values.value = { ...values.value, [name]: value };
            const { [name]: _, ...others } = wrong.value;
            wrong.value = others;
            changed();
          }}
        />
      ))}
    </div>
  );
}

interface OneProps {
  name: string;
  parameter: Parameter;
  value: string;
  wrong: string;
  set: (value: string) => void;
}

function OneParameter({ name, parameter, value, wrong, set }: OneProps) {
  const id = `parameter-${name}`;
  const choices = choicesOf(parameter);
  const attributes = {
    id,
    value,
    "aria-describedby": `${id}-hint ${id}-wrong`,
    "aria-invalid": wrong !== "",
  };
  return (
    <p class="field">
      <label for={id}>{name}</label>
      {choices ? (
        <select {...attributes} onChange={(event) => set(event.currentTarget.value)}>
          <option value="" disabled={parameter.default !== null}>
            choose…
          </option>
          {choices.map((each) => (
            <option value={each}>{each}</option>
          ))}
        </select>
      ) : (
        <input
          {...attributes}
          autocomplete="off"
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      <small id={`${id}-hint`}>{hintOf(parameter)}</small>
      <span id={`${id}-wrong`} class="parameter-wrong" role="alert">
        {wrong}
      </span>
    </p>
  );
}

function choicesOf(parameter: Parameter): readonly string[] | null {
  if (parameter.type === "service") return Object.keys(services.value);
  if (parameter.type === "choice") return parameter.choices ?? [];
  if (parameter.type === "boolean") return ["true", "false"];
  return null;
}

function hintOf(parameter: Parameter): string {
  const bounds = [
    typeof parameter.minimum === "number" && `at least ${parameter.minimum}`,
    typeof parameter.maximum === "number" && `at most ${parameter.maximum}`,
    parameter.type === "text" &&
      (parameter.longest ?? 1000) < 1000 &&
      `at most ${parameter.longest} characters`,
    parameter.type === "secret" && "where it is: env:NAME or file:/path",
  ].filter(Boolean);
  const unit = parameter.type === "duration" && bounds.length > 0 ? " (s)" : "";
  const said = [parameter.description, parameter.type, bounds.join(", ") + unit];
  return said.filter(Boolean).join(" · ");
}
