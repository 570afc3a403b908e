/** What a page is set to, kept in its address, so that it can be shared and found again. */

import { useLocation } from "preact-iso";

/** A value of the query string, and how to set it; an empty one is left out of the address. */
export function useQuery(name: string): [string, (value: string) => void] {
  const { url, query, route } = useLocation();
  return [query[name] ?? "", (value) => route(withQuery(url, name, value), true)];
}

/** The same address with another value of `name`. */
export function withQuery(url: string, name: string, value: string): string {
  const [path = "", search = ""] = url.split("?");
  const values = new URLSearchParams(search);
  if (value) values.set(name, value);
  else values.delete(name);
  const text = values.toString();
  return text ? `${path}?${text}` : path;
}
