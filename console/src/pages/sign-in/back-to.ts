/** Where somebody goes who has signed in: back, if that is a page of ours. */

export function backTo(from: string | undefined, base: string): string {
  // `//host` and `/\host` are other hosts to a browser.
  return from?.startsWith(base) && !/^[/\\]{2}/.test(from) ? from : base;
}
