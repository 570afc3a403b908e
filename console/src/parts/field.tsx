/** A labelled field of a form. */

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

export function Field({ label, name, hint, choices, long, ...more }: Props): JSX.Element {
  const described = hint ? { "aria-describedby": `${name}-hint` } : {};
  const attributes = { id: `field-${name}`, name, ...described };
  return (
    <p class="field">
      <label for={`field-${name}`}>{label}</label>
      {choices ? (
        <select {...attributes} required={more.required ?? false} value={more.value}>
          {choices.map((each) => {
            const [value, text] = typeof each === "string" ? [each, each] : each;
            return <option value={value}>{text}</option>;
          })}
        </select>
      ) : long ? (
        <textarea {...attributes} rows={4} required={more.required ?? false}>
          {more.value}
        </textarea>
      ) : (
        <input {...(more as Record<string, string>)} {...attributes} autocomplete="off" />
      )}
      {hint && <small id={`${name}-hint`}>{hint}</small>}
    </p>
  );
}
