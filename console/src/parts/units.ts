/** Numbers as people read them, by the names that Grafana has for units. */

type Writing = (value: number, decimals: number | undefined) => string;

const SI = ["", " K", " Mil", " Bil", " Tri"];
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB"];
const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** Seconds and how they are called, the longest first. */
const TIMES: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];

const WRITINGS: Readonly<Record<string, Writing>> = {
  ...named(["", "none", "short-none", "count"], plain),
  ...named(["short", "sishort"], (value, decimals) => scaled(value, 1_000, SI, decimals)),
  ...named(["seconds", "s", "dtdurations", "clocks"], (value, decimals) => time(value, decimals)),
  ...named(["ms", "dtdurationms", "clockms"], (value, decimals) => time(value / 1e3, decimals)),
  ...named(["µs"], (value, decimals) => time(value / 1e6, decimals)),
  ...named(["ns"], (value, decimals) => time(value / 1e9, decimals)),
  ...named(["m"], (value, decimals) => time(value * 60, decimals)),
  ...named(["h"], (value, decimals) => time(value * 3_600, decimals)),
  ...named(["d"], (value, decimals) => time(value * 86_400, decimals)),
  ...named(["percent"], (value, decimals) => `${plain(value, decimals)} %`),
  ...named(["percentunit"], (value, decimals) => `${plain(value * 100, decimals)} %`),
  ...named(["bytes"], (value, decimals) => scaled(value, 1_024, spaced(IEC), decimals)),
  ...named(["decbytes"], (value, decimals) => scaled(value, 1_000, spaced(DECIMAL), decimals)),
  ...named(["kbytes"], (value, decimals) => scaled(value * 1_024, 1_024, spaced(IEC), decimals)),
  ...named(["mbytes"], (value, decimals) =>
    scaled(value * 1_024 ** 2, 1_024, spaced(IEC), decimals),
  ),
  ...named(["decmbytes"], (value, decimals) =>
    scaled(value * 1e6, 1_000, spaced(DECIMAL), decimals),
  ),
  ...named(["binBps"], (value, decimals) => scaled(value, 1_024, perSecond(IEC), decimals)),
  ...named(["Bps"], (value, decimals) => scaled(value, 1_000, perSecond(DECIMAL), decimals)),
  ...named(["bits", "decbits"], (value, decimals) =>
    scaled(value, 1_000, prefixed("bit"), decimals),
  ),
  ...named(["bps"], (value, decimals) => scaled(value, 1_000, prefixed("bit/s"), decimals)),
  ...named(["Mbits"], (value, decimals) => scaled(value * 1e6, 1_000, prefixed("bit/s"), decimals)),
  ...named(["MBs"], (value, decimals) => scaled(value * 1e6, 1_000, perSecond(DECIMAL), decimals)),
  ...named(["hertz"], (value, decimals) => scaled(value, 1_000, prefixed("Hz"), decimals)),
  ...named(["cps"], (value, decimals) => `${plain(value, decimals)} counts/s`),
  ...named(["ops"], (value, decimals) => `${plain(value, decimals)} ops/s`),
  ...named(["reqps"], (value, decimals) => `${plain(value, decimals)} req/s`),
  ...named(["rps", "wps", "iops"], (value, decimals) => `${plain(value, decimals)} /s`),
  ...named(["reqpm", "opm", "cpm"], (value, decimals) => `${plain(value, decimals)} /min`),
  ...named(["celsius"], (value, decimals) => `${plain(value, decimals)} °C`),
  ...named(["watt"], (value, decimals) => scaled(value, 1_000, prefixed("W"), decimals)),
  ...named(["bool"], (value) => (value === 0 ? "False" : "True")),
  ...named(["bool_yes_no"], (value) => (value === 0 ? "No" : "Yes")),
  ...named(["bool_on_off"], (value) => (value === 0 ? "Off" : "On")),
  ...named(["locale", "string"], plain),
  ...named(["sci"], (value, decimals) => value.toExponential(decimals ?? 2)),
  ...named(["dateTimeAsIso", "dateTimeAsLocal"], (value) => moment(value)),
};

/** Whether `formatted` knows a unit; others can be written as `suffix: things`. */
export function knowsUnit(unit: string): boolean {
  return unit in WRITINGS || unit.startsWith("suffix:") || unit.startsWith("prefix:");
}

/** `decimals` as somebody asked for them; by themselves about three digits that matter.
 * A unit that is not known is written behind the number. */
export function formatted(value: number | null | undefined, unit = "", decimals?: number): string {
  if (value === null || value === undefined) return "no value";
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const written = WRITINGS[unit];
  if (written) return written(value, decimals);
  if (unit.startsWith("prefix:")) return `${unit.slice(7)}${plain(value, decimals)}`;
  return `${plain(value, decimals)} ${unit.replace(/^suffix:/, "").trim()}`;
}

function plain(value: number, decimals: number | undefined): string {
  const size = Math.abs(value);
  if (decimals === undefined && size !== 0 && (size < 1e-4 || size >= 1e15)) {
    return value.toExponential(2);
  }
  if (decimals === undefined && size < 1) return small.format(value);
  return new Intl.NumberFormat("en-GB", {
    minimumFractionDigits: Math.min(decimals ?? 0, 20),
    maximumFractionDigits: Math.min(decimals ?? (size >= 1_000 ? 0 : 2), 20),
  }).format(value);
}

const small = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });

function scaled(
  value: number,
  by: number,
  names: readonly string[],
  decimals: number | undefined,
): string {
  let [left, index] = [value, 0];
  while (Math.abs(left) >= by && index < names.length - 1) [left, index] = [left / by, index + 1];
  return plain(left, decimals) + names[index];
}

function time(seconds: number, decimals: number | undefined): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  const [worth, name] = TIMES.find(([each]) => size >= each * 0.9999) ?? TIMES.at(-1)!;
  return `${plain(seconds / worth, decimals)} ${name}`;
}

function moment(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "no time" : date.toLocaleString();
}

function spaced(names: readonly string[]): string[] {
  return names.map((each) => ` ${each}`);
}

function perSecond(names: readonly string[]): string[] {
  return names.map((each) => ` ${each}/s`);
}

function prefixed(name: string): string[] {
  return PREFIXES.map((each) => ` ${each}${name}`);
}

function named(names: readonly string[], writing: Writing): Record<string, Writing> {
  return Object.fromEntries(names.map((each) => [each, writing]));
}
