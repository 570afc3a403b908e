/** The append-only record of everything: newest first, filtered, and held against its chain. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { EntryRow } from "./entry-row";
import "./ledger.css";
import { Verify } from "./verify";
import { Table } from "../../parts/table";

type LedgerPage = components["schemas"]["LedgerPage"];

const FILTERS = ["kind", "subject", "actor", "text"] as const;
const LIMIT = 100;

export default function Ledger() {
  const { query, route } = useLocation();
  const older = useSignal<LedgerPage[]>([]);
  const filter = Object.fromEntries(
    FILTERS.flatMap((name) => (query[name] ? [[name, query[name]]] : [])),
  );
  // An entry that is pointed to is shown with those before it.
  const before = query["seq"] ? Number(query["seq"]) + 1 : undefined;
  const ask = (from?: number) =>
    told(api.GET("/api/ledger", { params: { query: { ...filter, before: from, limit: LIMIT } } }));
  const { asked, again } = useAsked(() => {
    older.value = [];
    return ask(before) as Promise<LedgerPage>;
  }, [JSON.stringify(filter), before]);
  const shown = asked.value.data ? [asked.value.data, ...older.value] : [];
  const next = shown.at(-1)?.next ?? null;
  const search = (event: Event) => {
    event.preventDefault();
    const wanted = new URLSearchParams();
    new FormData(event.currentTarget as HTMLFormElement).forEach((value, name) => {
      if (value) wanted.set(name, value as string);
    });
    route(at(`ledger?${wanted}`));
  };
  return (
    <Page title="Ledger" beside={<Verify />}>
      <form class="bar" onSubmit={search} key={JSON.stringify(query)}>
        {FILTERS.map((name) => (
          <label class="filter">
            {name}
            <input name={name} defaultValue={query[name] ?? ""} placeholder={PLACEHOLDERS[name]} />
          </label>
        ))}
        <button type="submit" class="primary">
          Filter
        </button>
        {Object.keys(query).length > 0 && (
          <a class="button quiet" href={at("ledger")}>
            All
          </a>
        )}
        <button type="button" onClick={again}>
          Newest
        </button>
      </form>
      <Trouble asked={asked.value} />
      <Table
        label="Entries"
        columns={["No.", "When", "What", "About", "By", "Said"]}
        class="ledger"
      >
        {shown.flatMap((page) =>
          page.entries.map((entry) => (
            <EntryRow key={entry.seq} entry={entry} open={String(entry.seq) === query["seq"]} />
          )),
        )}
      </Table>
      {shown.length > 0 && shown.every((page) => page.entries.length === 0) && (
        <p class="faint">Nothing of the kind is recorded.</p>
      )}
      <p class="bar">
        {next !== null && (
          <button
            onClick={async () => {
              older.value = [...older.value, (await ask(next)) as LedgerPage];
            }}
          >
            Older
          </button>
        )}
        {shown.length > 0 && <Export pages={shown} />}
      </p>
    </Page>
  );
}

const PLACEHOLDERS = {
  kind: "service.restart",
  subject: "api-gateway",
  actor: "ada",
  text: "any word",
} as const;

/** What is shown, as a file. */
function Export({ pages }: { pages: readonly LedgerPage[] }) {
  const save = () => {
    const text = JSON.stringify(
      pages.flatMap((page) => page.entries),
      null,
      1,
    );
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "ledger.json";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return <button onClick={save}>Save as JSON</button>;
}
