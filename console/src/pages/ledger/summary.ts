/** What an entry says, on one line. */

const LONGEST = 160;

export function summary(body: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(body)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");
  return said.length > LONGEST ? `${said.slice(0, LONGEST - 1)}…` : said;
}
