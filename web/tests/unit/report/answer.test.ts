import {describe, expect, test} from "vitest";
import type {PolicyResult} from "../../../src/report/contract.js";
import {answer, overallAnswer, shareOfOptimum} from "../../../src/report/answer.js";

function result(policy: string, steerability: number, gain?: [mean: number, low: number, high: number]): PolicyResult {
  return {
    behavior: "optimistic-outlook",
    method: "caa",
    variant: "BASE",
    split: "test",
    policy,
    layer: null,
    samples: 99,
    steerability,
    steerability_sd: null,
    proportion_steerable: 1,
    proportion_sd: null,
    gain_over_fixed: gain ? {mean: gain[0], low: gain[1], high: gain[2]} : null,
    regret: null,
    accuracy: null,
  };
}

const byPolicy = (...results: PolicyResult[]) => new Map(results.map((each) => [each.policy, each]));

describe("the answer", () => {
  test("tells a gain, its interval, the fixed layer, the percentage and the share of the optimum", () => {
    const results = byPolicy(
      result("fixed", 1.88),
      result("w2s-top1", 2.107, [0.227, 0.145, 0.313]),
      result("optimum", 2.287, [0.407, 0.334, 0.483]),
    );
    const said = answer(results, "w2s-top1", 24);
    expect(said.verdict).toBe("better");
    expect(said.headline).toBe(
      "Steering each input at its own layer gains +0.227 [+0.145, +0.313] over the best fixed layer (24).",
    );
    expect(said.comparison).toBe("That is 12% more, and 56% of what knowing each input's best layer would give.");
  });

  test("says that there is no clear difference where the interval includes 0", () => {
    const results = byPolicy(result("fixed", 2.856), result("w2s-top1", 2.885, [0.028, -0.031, 0.087]));
    const said = answer(results, "w2s-top1", 20);
    expect(said.verdict).toBe("unclear");
    expect(said.headline).toContain("No clear difference");
    expect(said.headline).toContain("+0.028 [\u22120.031, +0.087]");
  });

  test("says that it loses where the whole interval is below 0", () => {
    const results = byPolicy(
      result("fixed", 2),
      result("w2s-top1", 1.8, [-0.2, -0.3, -0.1]),
      result("optimum", 2.5, [0.5, 0.4, 0.6]),
    );
    const said = answer(results, "w2s-top1", 3);
    expect(said.verdict).toBe("worse");
    expect(said.headline).toContain("loses against the best fixed layer (3): \u22120.200");
    expect(said.comparison).toBe("That is 10% less, while knowing each input's best layer would gain +0.500.");
  });

  test("gives no percentage of a steerability near zero", () => {
    const results = byPolicy(
      result("fixed", 0.006),
      result("w2s-top1", 0.1, [0.094, 0.05, 0.12]),
      result("optimum", 0.26, [0.25, 0.2, 0.3]),
    );
    expect(answer(results, "w2s-top1", 3).comparison).not.toContain("more");
  });

  test("tells what the optimum would gain where the policy loses against a steerability near zero", () => {
    const results = byPolicy(
      result("fixed", 0.006),
      result("w2s-top1", -0.1, [-0.106, -0.2, -0.05]),
      result("optimum", 0.256, [0.25, 0.2, 0.3]),
    );
    expect(answer(results, "w2s-top1", 3).comparison).toBe("Knowing each input's best layer would gain +0.250.");
  });

  test("says so where there is nothing to compare", () => {
    expect(answer(new Map(), "w2s-top1", 3).verdict).toBe("unknown");
  });
});

describe("the answer over behaviours", () => {
  const better = result("w2s-top1", 2, [0.5, 0.3, 0.7]);
  const unclear = result("w2s-top1", 2, [0.1, -0.3, 0.7]);
  const mean = byPolicy(result("fixed", 1.5), result("w2s-top1", 1.8), result("optimum", 2));

  test("counts the behaviours in which the difference is clear", () => {
    const said = overallAnswer(mean, [better, unclear, better, undefined], "w2s-top1");
    expect(said.verdict).toBe("better");
    expect(said.headline).toContain("gains +0.300 on average");
    expect(said.comparison).toContain("Of 3 behaviours: clearly better in 2, no clear difference in 1.");
  });

  test("is unclear where it is unclear in each of them", () => {
    const said = overallAnswer(mean, [unclear, unclear], "w2s-top1");
    expect(said.verdict).toBe("unclear");
    expect(said.comparison).toContain("Of 2 behaviours: no clear difference in 2.");
  });
});

test("The share of the optimum is unknown where the optimum gains nothing", () => {
  expect(shareOfOptimum(1, 1, 1)).toBeNull();
  expect(shareOfOptimum(1, 1.5, 2)).toBe(0.5);
});
