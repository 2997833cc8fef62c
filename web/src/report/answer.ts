// The answer in words: whether steering each input at its own layer gains anything over the best fixed layer.
import type {PolicyResult} from "./contract.js";
import {interval, percent, plural, policyLabel, signed} from "../common/format.js";

export type Verdict = "better" | "worse" | "unclear" | "unknown";

export interface Answer {
  verdict: Verdict;
  headline: string;
  /** What it means beside the fixed layer and the optimum; "" where that can't be told. */
  comparison: string;
}

export function verdictOf(result: PolicyResult | undefined): Verdict {
  const gain = result?.gain_over_fixed;
  if (!gain) return "unknown";
  if (gain.low > 0) return "better";
  return gain.high < 0 ? "worse" : "unclear";
}

/** Share of what the optimum gains that the policy gains; null where the optimum gains nothing. */
export function shareOfOptimum(fixed: number, policy: number, optimum: number): number | null {
  return optimum > fixed ? (policy - fixed) / (optimum - fixed) : null;
}

/** Of one behaviour: its rows by policy, as of ReportData.results. */
export function answer(results: ReadonlyMap<string, PolicyResult>, policy: string, fixedLayer: number): Answer {
  const fixed = results.get("fixed");
  const chosen = results.get(policy);
  const gain = chosen?.gain_over_fixed;
  if (!fixed || !chosen || !gain)
    return {verdict: "unknown", headline: `There is no result of ${policyLabel(policy)} to compare.`, comparison: ""};

  const verdict = verdictOf(chosen);
  const amount = `${signed(gain.mean)} ${interval(gain)}`;
  const layer = `the best fixed layer (${fixedLayer})`;
  const headline = {
    better: `Steering each input at its own layer gains ${amount} over ${layer}.`,
    worse: `Steering each input at its own layer loses against ${layer}: ${amount}.`,
    unclear: `No clear difference: steering each input at its own layer changes steerability by ${amount} over ${layer}, and the interval includes 0.`,
    unknown: "",
  }[verdict];
  return {verdict, headline, comparison: comparison(fixed, chosen, results.get("optimum"))};
}

function comparison(fixed: PolicyResult, chosen: PolicyResult, optimum: PolicyResult | undefined): string {
  const gain = chosen.steerability - fixed.steerability;
  // A percentage of a number near or below zero says nothing.
  const relative =
    fixed.steerability > 0.05 ? `${percent(Math.abs(gain) / fixed.steerability, 0)} ${gain < 0 ? "less" : "more"}` : "";
  const share = optimum ? shareOfOptimum(fixed.steerability, chosen.steerability, optimum.steerability) : null;
  if (share !== null && share > 0) {
    const ofOptimum = `${percent(share, 0)} of what knowing each input's best layer would give`;
    return relative === "" ? `That is ${ofOptimum}.` : `That is ${relative}, and ${ofOptimum}.`;
  }
  if (share !== null) {
    const possible = `each input's best layer would gain ${signed(optimum!.steerability - fixed.steerability)}`;
    return relative === "" ? `Knowing ${possible}.` : `That is ${relative}, while knowing ${possible}.`;
  }
  return relative === "" ? "" : `That is ${relative}.`;
}

/** Of all behaviours together. */
export function overallAnswer(
  mean: ReadonlyMap<string, PolicyResult>,
  perBehavior: readonly (PolicyResult | undefined)[],
  policy: string,
): Answer {
  const fixed = mean.get("fixed");
  const chosen = mean.get(policy);
  const verdicts = perBehavior.map(verdictOf);
  const known = verdicts.filter((verdict) => verdict !== "unknown").length;
  if (!fixed || !chosen || known === 0)
    return {verdict: "unknown", headline: `There is no result of ${policyLabel(policy)} to compare.`, comparison: ""};

  const better = verdicts.filter((verdict) => verdict === "better").length;
  const worse = verdicts.filter((verdict) => verdict === "worse").length;
  const gain = chosen.steerability - fixed.steerability;
  const clear = [
    better > 0 ? `clearly better in ${better}` : "",
    worse > 0 ? `clearly worse in ${worse}` : "",
    known > better + worse ? `no clear difference in ${known - better - worse}` : "",
  ].filter((part) => part !== "");
  const counted = `Of ${plural(known, "behaviour")}: ${clear.join(", ")}.`;
  let verdict: Verdict = "unclear";
  if (better > worse && gain > 0) verdict = "better";
  if (worse > better && gain < 0) verdict = "worse";
  return {
    verdict,
    headline: `Steering each input at its own layer ${gain < 0 ? "loses" : "gains"} ${signed(gain)} on average over each behaviour's best fixed layer.`,
    comparison: `${comparison(fixed, chosen, mean.get("optimum"))} ${counted}`.trim(),
  };
}
