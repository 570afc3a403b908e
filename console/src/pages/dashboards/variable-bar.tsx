/** What is chosen for each variable. */

import type { Choice } from "./model";
import { ALL, type Chosen } from "./variables";

interface Props {
  chosen: readonly Chosen[];
  onChoose: (name: string, values: readonly string[]) => void;
}

export function VariableBar({ chosen, onChoose }: Props) {
  return (
    <>
      {chosen
        .filter((each) => !each.variable.hidden)
        .map((each) => (
          <OneVariable key={each.variable.name} chosen={each} onChoose={onChoose} />
        ))}
    </>
  );
}

function OneVariable({ chosen, onChoose }: { chosen: Chosen; onChoose: Props["onChoose"] }) {
  const { variable, values } = chosen;
  const choose = (...next: string[]) => onChoose(variable.name, next);
  const all: readonly Choice[] = variable.all ? [{ text: "All", value: ALL }] : [];
  const choices = [...all, ...variable.choices.filter((each) => each.value !== ALL)];
  if (variable.many) return <Many chosen={chosen} choices={choices} choose={choose} />;
  const given = values[0] ?? "";
  return (
    <label class="variable">
      {variable.label}
      {variable.kind === "textbox" ? (
        <input value={given} onChange={(event) => choose(event.currentTarget.value)} />
      ) : (
        <select value={given} onChange={(event) => choose(event.currentTarget.value)}>
          {!choices.some((each) => each.value === given) && (
            <option value={given}>{given || "none"}</option>
          )}
          {choices.map((each) => (
            <option value={each.value}>{each.text}</option>
          ))}
        </select>
      )}
    </label>
  );
}

interface ManyProps {
  chosen: Chosen;
  choices: readonly Choice[];
  choose: (...values: string[]) => void;
}

function Many({ chosen: { variable, values }, choices, choose }: ManyProps) {
  const toggle = (value: string) => {
    if (value === ALL) return choose(ALL);
    const kept = values.filter((each) => each !== ALL && each !== value);
    const next = values.includes(value) ? kept : [...kept, value];
    return next.length > 0 ? choose(...next) : variable.all ? choose(ALL) : undefined;
  };
  const said = values
    .map((each) => choices.find((choice) => choice.value === each)?.text ?? each)
    .join(", ");
  return (
    <details class="variable many">
      <summary>
        {variable.label}: <b>{said || "none"}</b>
      </summary>
      <fieldset>
        <legend class="unseen">{variable.label}</legend>
        {choices.map((each) => (
          <label>
            <input
              type="checkbox"
              checked={values.includes(each.value)}
              onChange={() => toggle(each.value)}
            />
            {each.text}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
