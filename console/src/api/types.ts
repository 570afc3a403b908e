/** The API's models under the names that the pages use. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type StateName = Schemas["ServiceStatus"]["state"];
export type Service = Schemas["ServiceStatus"];
export type Check = Schemas["CheckStatus"];
export type Condition = Schemas["ConditionStatus"];
export type Kpi = Schemas["KpiStatus"];
export type Alert = Schemas["AlertView"];
export type Silence = Schemas["SilenceView"];
export type Incident = Schemas["IncidentView"];
export type IncidentStory = Schemas["IncidentStory"];
export type Run = Schemas["RunStatus"];
export type RunStep = Schemas["RunStep"];
export type Runbook = Schemas["Listed"];
export type OutlinedStep = Schemas["OutlinedStep"];
export type Parameter = Schemas["ParameterSettings"];
export type Plan = Schemas["PlanShown"];
export type PlannedStep = Schemas["PlannedStep"];
export type Drill = Schemas["DrillStatus"];
export type BackupSet = Schemas["SetStatus"];

/** Something that waits for a person. */
export interface Waiting {
  key: string;
  kind: "approval" | "decision" | "acknowledgement" | "person" | "drill";
  what: string;
  who: string;
  since: string;
  until: string | null;
  link: string;
}

export type PlatformNow = Omit<Schemas["PlatformStatus"], "services" | "checks">;
