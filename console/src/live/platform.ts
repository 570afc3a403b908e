/** The platform as it stands, one signal per topic: who reads a signal is drawn again when it changes. */

import { computed, signal, type Signal } from "@preact/signals";
import type {
  Alert,
  BackupSet,
  Check,
  Drill,
  Incident,
  Kpi,
  PlatformNow,
  Run,
  Service,
  Silence,
  Waiting,
} from "../api/types";
import type { Topics } from "./changes";

type Named<T> = Readonly<Record<string, T>>;

function topic<T>(): Signal<Named<T>> {
  return signal<Named<T>>({});
}

export const services = topic<Service>();
export const checks = topic<Check>();
export const kpis = topic<Kpi>();
export const alerts = topic<Alert>();
export const silences = topic<Silence>();
export const incidents = topic<Incident>();
export const runs = topic<Run>();
export const drills = topic<Drill>();
export const backups = topic<BackupSet>();
export const waiting = topic<Waiting>();
const platform = topic<PlatformNow>();
const ledger = topic<{ written: number }>();

/** Null before the first word of the server. */
export const now = computed<PlatformNow | null>(() => platform.value["now"] ?? null);

/** Another one after each entry of the ledger. */
export const written = computed<number>(() => ledger.value["now"]?.written ?? 0);

const TOPICS: ReadonlyMap<string, Signal<unknown>> = new Map<string, Signal<unknown>>(
  Object.entries({
    services,
    checks,
    kpis,
    alerts,
    silences,
    incidents,
    runs,
    drills,
    backups,
    waiting,
    platform,
    ledger,
  }) as [string, Signal<unknown>][],
);

/** Let the signals say what the server said. */
export function show(topics: Topics): void {
  for (const [name, items] of Object.entries(topics)) {
    const known = TOPICS.get(name);
    if (known && known.peek() !== items) known.value = items;
  }
}
