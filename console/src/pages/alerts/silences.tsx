/** Silences that hold or will, and those that have expired. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Silence } from "../../api/types";
import { silences } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { useAsked } from "../../parts/asked";
import { Dialog } from "../../parts/dialog";
import { Ago, Moment } from "../../parts/moment";
import { StateWord, type Tone } from "../../parts/state";
import { Trouble } from "../../parts/trouble";
import { hasWords } from "./matching";
import { SilenceDialog } from "./silence-dialog";
import { Table } from "../../parts/table";

const TONES: Readonly<Record<string, Tone>> = { active: "maintenance", pending: "late" };

export function Silences({ text }: { text: string }) {
  const making = useSignal(false);
  const held = Object.values(silences.value).sort(byEnd);
  const { asked } = useAsked(
    () => told(api.GET("/api/silences")),
    [Object.keys(silences.value).sort().join()],
  );
  const expired = (asked.value.data ?? []).filter(
    (each) => each.state === "expired" && !(each.id in silences.value),
  );
  const fits = (each: Silence) => hasWords(each, text);
  return (
    <>
      <p>
        <ActButton onClick={() => (making.value = true)}>New silence</ActButton>
      </p>
      <SilenceTable
        title="Silences that hold"
        list={held.filter(fits)}
        none="Nothing is silenced."
      />
      <Trouble asked={asked.value} />
      {expired.some(fits) && (
        <>
          <h2>Expired</h2>
          <SilenceTable title="Expired silences" list={expired.filter(fits).reverse()} none="" />
        </>
      )}
      {making.value && <SilenceDialog matchers="" close={() => (making.value = false)} />}
    </>
  );
}

function byEnd(a: Silence, b: Silence): number {
  return (a.ends_at ?? "9").localeCompare(b.ends_at ?? "9");
}

function SilenceTable({ title, list, none }: { title: string; list: Silence[]; none: string }) {
  if (list.length === 0) return <p class="panel">{none}</p>;
  return (
    <Table
      label={title}
      columns={[
        "State",
        "Matchers",
        "Who and why",
        "Since",
        "Expires",
        { text: "Act", unseen: true },
      ]}
    >
      {list.map((each) => (
        <SilenceRow key={each.id} silence={each} />
      ))}
    </Table>
  );
}

function SilenceRow({ silence }: { silence: Silence }) {
  const ending = useSignal(false);
  const end = async () => {
    const path = { number: silence.id };
    await told(api.DELETE("/api/silences/{number}", { params: { path } }));
    return "The silence has ended";
  };
  return (
    <tr>
      <td>
        <Standing silence={silence} />
      </td>
      <td class="mono matchers">{silence.matchers}</td>
      <td>
        <b>{silence.created_by}</b>: {silence.comment}
      </td>
      <td>
        <Moment at={silence.starts_at} />
      </td>
      <td>
        {silence.ends_at ? (
          <Expiry at={silence.ends_at} />
        ) : (
          "5 min after what it silences has ended"
        )}
        {silence.interval && `, only within ${silence.interval}`}
      </td>
      <td>
        {silence.state !== "expired" && (
          <ActButton onClick={() => (ending.value = true)} label={`End ${silence.matchers} now`}>
            End now
          </ActButton>
        )}
        {ending.value && (
          <Dialog
            title="End this silence?"
            doing="End now"
            act={end}
            close={() => (ending.value = false)}
          >
            <p class="mono">{silence.matchers}</p>
            <p>People are told again of what it silences.</p>
          </Dialog>
        )}
      </td>
    </tr>
  );
}

function Standing({ silence }: { silence: Silence }) {
  const tone = TONES[silence.state];
  if (!tone) return <span class="faint">{silence.state}</span>;
  return <StateWord state={tone} word={silence.state} />;
}

function Expiry({ at }: { at: string }) {
  return (
    <>
      <Ago at={at} />{" "}
      <span class="faint">
        (<Moment at={at} />)
      </span>
    </>
  );
}
