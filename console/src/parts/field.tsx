/** A labelled field of a form. `value` is what stands there first: what somebody has typed stays,
 * however often the form is drawn again. */

import type { JSX } from "preact";

interface Props {
  label: string;
  name: string;
  hint?: string;
  value?: string;
  required?: boolean;
  type?: string;
  choices?: readonly (string | readonly [string, string])[];
  long?: boolean;
  pattern?: string;
}

export function Field(props: Props): JSX.Element {
  const { label, name, hint, value: first, choices, long, ...more } = props;
  const described = hint ? { "aria-describedby": `${name}-hint` } : {};
  const attributes = { id: `field-${name}`, name, ...described };
  return (
    <p class="field">
      <label for={`field-${name}`}>{label}</label>
      {choices ? (
        <select {...attributes} required={more.required ?? false}>
          {choices.map((each) => {
            const [value, text] = typeof each === "string" ? [each, each] : each;
            return (
              <option value={value} selected={value === first}>
                {text}
              </option>
            );
          })}
        </select>
      ) : long ? (
        <textarea {...attributes} rows={4} required={more.required ?? false}>
          {first}
        </textarea>
      ) : (
        <input
          {...(more as Record<string, string>)}
          {...attributes}
          defaultValue={first}
          autocomplete="off"
        />
      )}
      {hint && <small id={`${name}-hint`}>{hint}</small>}
    </p>
  );
}
