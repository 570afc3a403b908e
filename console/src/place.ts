/** Where the console stands: everything is below the prefix that the server wrote into `<base>`. */

export const base = new URL(document.baseURI).pathname;

/** The address of a page or an API path, given without a leading slash. */
export function at(path: string): string {
  return base + path;
}

/** The same as a WebSocket address. */
export function socketAt(path: string): string {
  const url = new URL(base + path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
