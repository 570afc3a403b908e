import { checks } from "../live/platform";
import { at } from "../place";

/** To where a check is shown: on the page of its service, or on the overview. */
export function CheckLink({ name }: { name: string }) {
  const service = checks.value[name]?.service;
  const page = service ? `services/${encodeURIComponent(service)}` : "";
  return <a href={at(`${page}#${encodeURIComponent(name)}`)}>{name}</a>;
}
