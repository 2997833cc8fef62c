// Numbers and names as the pages write them, the same in every browser and language.

const minus = "\u2212";

export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? minus + text : text;
}

export function signed(value: number | null | undefined, digits = 3): string {
  const text = number(value, digits);
  return value !== null && value !== undefined && value >= 0 && Number.isFinite(value) ? `+${text}` : text;
}

export function percent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  return `${number(value * 100, digits)}%`;
}

export function interval(range: {low: number; high: number}, digits = 3): string {
  return `[${signed(range.low, digits)}, ${signed(range.high, digits)}]`;
}

const mostDecimals = 9;

/** Writes the numbers of a column, all with as many decimals. */
export function columnFormat(values: readonly number[]): (value: number) => string {
  const decimals = Math.min(mostDecimals, values.every(isRound) ? ownDecimals(values) : enoughDecimals(values));
  return (value) => number(value, decimals);
}

/** Whole numbers, and settings such as 0.0003. */
function isRound(value: number): boolean {
  return Number.isInteger(value) || Number(value.toPrecision(2)) === value;
}

function ownDecimals(values: readonly number[]): number {
  return values.reduce((most, value) => {
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    return Math.max(most, (digits.split(".")[1]?.length ?? 0) - Number(exponent));
  }, 0);
}

/** Three, or two digits of the largest number where all are small. */
function enoughDecimals(values: readonly number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Math.max(3, 1 - Math.floor(Math.log10(largest)));
}

export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Very small numbers in the form 5.7e-6. */
export function scientific(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 0.001 ? number(value, 4) : value.toExponential(1).replace("-", minus).replace("+", "");
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** "w2s-top1" as people say it. */
export function policyLabel(policy: string): string {
  const names: Record<string, string> = {
    fixed: "Fixed layer",
    "fixed-own": "Fixed layer of its own",
    majority: "Majority layer",
    random: "Random layer",
    optimum: "Optimum",
    "w2s-expected": "W2S expected",
  };
  const top = /^w2s-top(\d+)$/.exec(policy);
  if (top) return `W2S Top-${top[1]}`;
  return names[policy] ?? policy;
}
