// Which samples the browser shows.
import {layerOf, steerabilityAt, type Sweep} from "./report_data.js";

export type Comparison = "all" | "better" | "equal" | "worse";

export interface Filter {
  search: string;
  /** "" for all. */
  part: string;
  bestLayer: number | null;
  /** Of the policy's layer with the fixed one. */
  comparison: Comparison;
}

export const allSamples: Filter = {search: "", part: "", bestLayer: null, comparison: "all"};

export interface SampleSummary {
  /** Place in the sweep. */
  sample: number;
  id: string;
  part: string;
  best: number;
  predicted: number | null;
  /** Steerability at the predicted layer minus that at the fixed one; null without a prediction. */
  gain: number | null;
  /** The part of the prompt that other samples do not share, for lists. */
  snippet: string;
}

export function summariesOf(sweep: Sweep, policy: string): SampleSummary[] {
  const snippets = snippetsOf(sweep);
  return sweep.ids.map((id, sample) => {
    const predicted = layerOf(sweep, policy, sample);
    const fixed = steerabilityAt(sweep, sample, sweep.method.fixedLayer);
    return {
      sample,
      id,
      part: sweep.parts[sample]!,
      best: sweep.best[sample]!,
      predicted,
      gain: predicted === null ? null : steerabilityAt(sweep, sample, predicted) - fixed,
      snippet: snippets[sample] ?? "",
    };
  });
}

/** Longer pieces are of no use in a list, and a prompt may be a megabyte. */
const longestSnippet = 300;

function snippetsOf({prompts}: Sweep): string[] {
  if (!prompts) return [];
  const texts = prompts.map(({before}) => before);
  const start = prompts.length > 1 ? sharedLength(texts, (text, i) => text[i]) : 0;
  const rest = texts.map((text) => text.slice(start));
  const end = prompts.length > 1 ? sharedLength(rest, (text, i) => text[text.length - 1 - i]) : 0;
  return rest.map((_, i) => {
    const from = wordStart(texts[i]!, start);
    return texts[i]!.slice(from, Math.max(from, texts[i]!.length - end))
      .trim()
      .slice(0, longestSnippet);
  });
}

/** The beginning of the line or, in a long line, of the word at a place. */
function wordStart(text: string, place: number): number {
  const line = text.lastIndexOf("\n", place - 1) + 1;
  return place - line <= 40 ? line : text.lastIndexOf(" ", place - 1) + 1;
}

/** How many characters all texts have in common, as `at` counts them. */
function sharedLength(texts: readonly string[], at: (text: string, i: number) => string | undefined): number {
  let length = texts.reduce((shortest, text) => Math.min(shortest, text.length), Infinity);
  const [first] = texts;
  for (const text of texts) {
    let same = 0;
    while (same < length && at(text, same) === at(first!, same)) ++same;
    length = same;
  }
  return Number.isFinite(length) ? length : 0;
}

/** In lower case: what a search looks through, by sample. */
export function searchTexts({ids, prompts}: Sweep): string[] {
  return ids.map((id, sample) => {
    const prompt = prompts?.[sample];
    return (
      prompt ? `${id}\n${prompt.before}${prompt.steered}\n${prompt.chosen}\n${prompt.rejected}` : id
    ).toLowerCase();
  });
}

export function filtered(samples: readonly SampleSummary[], texts: readonly string[], filter: Filter): SampleSummary[] {
  const words = filter.search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return samples.filter(
    ({sample, part, best, gain}) =>
      (filter.part === "" || part === filter.part) &&
      (filter.bestLayer === null || best === filter.bestLayer) &&
      (filter.comparison === "all" || (gain !== null && comparisonOf(gain) === filter.comparison)) &&
      words.every((word) => texts[sample]!.includes(word)),
  );
}

export function comparisonOf(gain: number): Comparison {
  if (gain > 0) return "better";
  return gain < 0 ? "worse" : "equal";
}
