import { useSignal } from "@preact/signals";
import type { Check } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { CheckLink } from "../../parts/check-link";
import { measured, ruleText, valueText } from "../../parts/condition";
import { useDays } from "../../parts/days";
import { Ago, duration, For } from "../../parts/moment";
import { checkReason } from "../../parts/reason";
import { StateWord } from "../../parts/state";
import { lookAt } from "./actions";
import { Bars } from "./history";
import { Table } from "../../parts/table";

/** A line; open, all that the last look found, and how the check stood. */
export function CheckPanel({ check }: { check: Check }) {
  const opened = useSignal(false);
  const { name, state, cause } = check;
  return (
    <li id={name} class={`tile tone-edge-${state}`}>
      <details onToggle={(event) => (opened.value = event.currentTarget.open)}>
        <summary>
          <span class="name">{name}</span>
          <StateWord state={state} />
          <span class="why">{state === "up" ? "" : checkReason(check)}</span>
          <span class="faint">
            {check.flapping && "flapping, "}looked at <Ago at={check.looked_at} />
          </span>
        </summary>
        {opened.value && <Opened check={check} />}
      </details>
      {cause && (
        <p>
          behind <CheckLink name={cause} />
        </p>
      )}
    </li>
  );
}

function Opened({ check }: { check: Check }) {
  const days = useDays();
  const { name, conditions, measurements } = check;
  const judged = new Set(conditions.map((each) => each.measurement));
  const others = Object.entries(measurements).filter(([each]) => !judged.has(each));
  return (
    <>
      <p>{check.description}</p>
      <dl class="facts">
        <dt>Looks at</dt>
        <dd>
          {check.kind}: <span class="mono">{check.subject}</span>
        </dd>
        <dt>So for</dt>
        <dd>{check.since ? <For since={check.since} /> : "not looked at yet"}</dd>
        <dt>Said</dt>
        <dd>{check.message || "nothing"}</dd>
        <dt>The look took</dt>
        <dd>
          {check.duration_seconds === null ? "not measured" : duration(check.duration_seconds)}
        </dd>
      </dl>
      {conditions.length > 0 && <Conditions check={check} />}
      {others.length > 0 && (
        <p class="faint">
          Also measured:{" "}
          {others
            .map(([each, value]) => `${measured(each).name} ${valueText(each, value)}`)
            .join("; ")}
        </p>
      )}
      <Bars of="checks" name={name} state={check.state} days={days} />
      <ActButton onClick={() => void lookAt([name])} label={`Check ${name} now`}>
        Check now
      </ActButton>
    </>
  );
}

function Conditions({ check }: { check: Check }) {
  return (
    <Table
      label={`Conditions of ${check.name}`}
      columns={["Measured", { text: "Value", number: true }, "Rule", "State"]}
    >
      {check.conditions.map((each) => (
        <tr>
          <th scope="row">{measured(each.measurement).name}</th>
          <td class="number">{valueText(each.measurement, each.actual)}</td>
          <td>{ruleText(each)}</td>
          <td>
            <StateWord state={each.state} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
