import { api, told } from "../api/client";
import type { components } from "../api/schema";
import type { Days } from "./days";

export type History = components["schemas"]["HistoryView"];
export type Watched = "services" | "checks";

/** How a service or a check stood, and what caused it. Throws Problem. */
export function historyOf(of: Watched, name: string, days: Days): Promise<History> {
  const params = { path: { name }, query: { days } };
  return told<History>(
    of === "services"
      ? api.GET("/api/services/{name}/history", { params })
      : api.GET("/api/checks/{name}/history", { params }),
  );
}
