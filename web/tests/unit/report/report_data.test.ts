import {describe, expect, test} from "vitest";
import {ReportData, sampleKey, sampleOfKey, steerabilityAt, testSamples} from "../../../src/report/report_data.js";
import {allSamples, filtered, searchTexts, summariesOf} from "../../../src/report/sample_filter.js";
import {sliceOf, steerabilities} from "../../../src/report/scope.js";
import {synthetic} from "../../synthetic.js";

const made = synthetic({behaviors: ["openness", "__proto__"], samples: 50, layers: 9, methods: ["caa", "l2s"]});
const data = new ReportData(made.summary, (id) => made.blocks.get(id)!);

describe("a sweep", () => {
  test("gives the same mean steerability as the results tell, by policy", async () => {
    for (const {name} of made.summary.behaviors)
      for (const method of made.summary.methods) {
        const slice = sliceOf(await data.sweep(name, method), testSamples(await data.sweep(name, method)), "w2s-top1");
        for (const policy of ["fixed", "w2s-top1", "w2s-top2", "optimum"]) {
          const values = steerabilities(slice, policy)!;
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          expect(mean).toBeCloseTo(data.results(name, method).get(policy)!.steerability, 2);
        }
      }
  });

  test("is unpacked once, and again for another method only", async () => {
    let reads = 0;
    const counting = new ReportData(made.summary, (id) => (++reads, made.blocks.get(id)!));
    await counting.sweep("openness", "caa");
    await counting.sweep("openness", "caa");
    expect(reads).toBe(2);
    await counting.sweep("openness", "l2s");
    expect(reads).toBe(3);
  });

  test("has probabilities that sum to one, over the layers of the default policy's predictor", async () => {
    const sweep = await data.sweep("openness", "caa");
    const width = sweep.predictorLayers.length;
    expect(width).toBeGreaterThan(1);
    const first = sweep.numbers.probability.subarray(0, width);
    expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
  });

  test("of a behaviour or method that is not there is that of the first", async () => {
    expect((await data.sweep("nothing", "nothing")).behavior.name).toBe("openness");
  });
});

test("Every sample has an address of its own, also without an id or with one that occurs twice", () => {
  const ids = ["a", "", "a", "@1", "__proto__"];
  const keys = ids.map((_, sample) => sampleKey({ids}, sample));
  expect(keys.slice(0, 3)).toEqual(["a", "@1", "@2"]);
  expect([0, 2, 3, 4].map((sample) => sampleOfKey({ids}, keys[sample]!))).toEqual([0, 2, 3, 4]);
  expect(["", "b", "@9", "@"].map((key) => sampleOfKey({ids}, key))).toEqual([-1, -1, -1, -1]);
});

describe("the sample filter", () => {
  test("finds words of id and text in any case and order", async () => {
    const sweep = await data.sweep("openness", "caa");
    const find = (search: string) =>
      filtered(summariesOf(sweep, "w2s-top1"), searchTexts(sweep), {...allSamples, search}).map(({id}) => id);
    expect(find("S0007")).toEqual(["s0007"]);
    expect(find("CAMERA review sentence 11")).toEqual(["s0011"]);
    expect(find("no such words")).toEqual([]);
    expect(find("  ").length).toBe(50);
  });

  test("keeps each sample in exactly one of better, equal and worse", async () => {
    const sweep = await data.sweep("openness", "caa");
    const samples = summariesOf(sweep, "w2s-top3");
    const texts = searchTexts(sweep);
    const counts = (["better", "equal", "worse"] as const).map(
      (comparison) => filtered(samples, texts, {...allSamples, comparison}).length,
    );
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(50);
    for (const {sample, gain} of filtered(samples, texts, {...allSamples, comparison: "worse"}))
      expect(gain).toBe(
        steerabilityAt(sweep, sample, sweep.choices["w2s-top3"]![sample]!) -
          steerabilityAt(sweep, sample, sweep.method.fixedLayer),
      );
  });

  test("filters by part and best layer together", async () => {
    const sweep = await data.sweep("openness", "caa");
    const samples = summariesOf(sweep, "w2s-top1");
    const bestLayer = samples[0]!.best;
    const found = filtered(samples, searchTexts(sweep), {...allSamples, part: "test", bestLayer});
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({part, best}) => part === "test" && best === bestLayer)).toBe(true);
  });

  test("shows of each prompt what the others do not share", async () => {
    const sweep = await data.sweep("openness", "caa");
    const [first] = summariesOf(sweep, "w2s-top1");
    expect(first!.snippet.startsWith("Write sentence 0 of a review of the soup")).toBe(true);
    expect(first!.snippet).not.toContain("<|im_start|>system");
  });
});
