/** All pages: where they are, what they are called, and the key that goes to them after `g`.
 *
 * A page is loaded when somebody first goes to it. */

import type { ComponentType } from "preact";
import { lazy } from "preact-iso";

export interface PageEntry {
  /** Below the prefix, without a leading slash; `:name` is a parameter. */
  path: string;
  /** Null for a page that is reached from another only. */
  title: string | null;
  key: string | null;
  component: ComponentType;
}

function page(
  path: string,
  title: string | null,
  key: string | null,
  load: () => Promise<{ default: ComponentType }>,
): PageEntry {
  return { path, title, key, component: lazy(load) as ComponentType };
}

export const pages: readonly PageEntry[] = [
  page("", "Overview", "o", () => import("./pages/overview/overview")),
  page("services/:name", null, null, () => import("./pages/service/service")),
  page("alerts", "Alerts", "a", () => import("./pages/alerts/alerts")),
  page("incidents", "Incidents", "i", () => import("./pages/incidents/incidents")),
  page("incidents/:number", null, null, () => import("./pages/incidents/incident")),
  page("runbooks", "Runbooks", "r", () => import("./pages/runbooks/runbooks")),
  page("runbooks/:name", null, null, () => import("./pages/runbooks/runbook")),
  page("runs/:number", null, null, () => import("./pages/runbooks/run")),
  page("explore", "Metrics", "m", () => import("./pages/metrics/metrics")),
  page("dashboards", "Dashboards", "d", () => import("./pages/dashboards/dashboards")),
  page("dashboards/:uid", null, null, () => import("./pages/dashboards/dashboard")),
  page("drills", "Drills", "l", () => import("./pages/drills/drills")),
  page("drills/:name", null, null, () => import("./pages/drills/drills")),
  page("backups", "Backups", "b", () => import("./pages/backups/backups")),
  page("backups/:name", null, null, () => import("./pages/backups/backup-set")),
  page("databases", "Databases", "t", () => import("./pages/databases/databases")),
  page("ledger", "Ledger", "e", () => import("./pages/ledger/ledger")),
  page("logs", "Logs", "g", () => import("./pages/logs/logs")),
  page("phone", "Phone", "p", () => import("./pages/phone/phone")),
  page("sign-in", null, null, () => import("./pages/sign-in/sign-in")),
  page("account", null, null, () => import("./pages/sign-in/account")),
];
