import {describe, expect, test} from "vitest";

import {
  gainBySample,
  gainBySampleTable,
  noiseFloor,
  noiseFloorTable,
  overview,
  overviewTable,
  topK,
  topKTable,
  variants,
  variantsTable,
  type VariantData,
} from "../../../src/charts/index.js";
import {apply, badCoordinates, dots, frameOf, group, hasGroup, points, texts} from "./support.js";

describe("gain by sample", () => {
  const data = {fixed: [1, 1, 1, 1], w2s: [3, 0, 1.5, 1], optimum: [4, 1.5, 2, 1]};

  test("falls from the largest to the smallest, for each curve by itself", () => {
    const chart = gainBySample(data, frameOf());
    const curve = (name: string): number[] => [
      ...new Set(
        points(group(chart, name).querySelector("path")!.getAttribute("d")).map(
          ([, y]) => Math.round(100 * (chart.scale("y")!.invert!(y) as number)) / 100,
        ),
      ),
    ];
    expect(curve("W2S")).toEqual([2, 0.5, 0, -1]);
    expect(curve("best layer")).toEqual([3, 1, 0.5, 0]);
    expect(texts(chart)).toContain("2 better, 1 worse");
  });

  test("has a table in the order of the file", () => {
    expect(gainBySampleTable(data).rows[1]).toEqual([1, 1, 0, 1.5, -1, 0.5]);
    expect(gainBySampleTable({...data, w2s: null}).rows[0]).toEqual([0, 1, null, 4, null, 3]);
    expect(gainBySampleTable({...data, ids: ["a", "b", "c", "d"]}).rows[1]![0]).toBe("b");
  });

  test.each([
    ["one sample", {fixed: [1], w2s: [2], optimum: [3]}],
    ["no sample", {fixed: [], w2s: [], optimum: []}],
    ["no predictor", {fixed: [1, 2], w2s: null, optimum: [3, 3]}],
    ["no gain", {fixed: [1, 1], w2s: [1, 1], optimum: [1, 1]}],
    ["missing numbers", {fixed: [NaN, 1], w2s: [1, NaN], optimum: [2, 2]}],
  ])("is drawn for %s", (_, gains) => {
    expect(badCoordinates(gainBySample(gains, frameOf(360)))).toEqual([]);
  });
});

describe("accuracy and steerability by Top-k", () => {
  const data = {
    rows: [
      {label: "Top-1", accuracy: 0.3, steerability: 1.5, sd: 0.1},
      {label: "Top-2", accuracy: null, steerability: 1.7},
    ],
    fixed: 1.2,
  };

  test("stand beside each other where there is room, below each other where not", () => {
    const titles = (width: number): number[][] =>
      [...topK(data, frameOf(width)).querySelectorAll("g.panel")].map((panel) =>
        panel.getAttribute("transform")!.match(/\d+/g)!.map(Number),
      );
    const [first, second] = titles(760);
    expect(first![1]).toBe(second![1]);
    expect(second![0]).toBeGreaterThan(300);
    const [upper, lower] = titles(360);
    expect(upper![0]).toBe(lower![0]);
    expect(lower![1]).toBeGreaterThan(upper![1]! + 100);
  });

  test("name the best and have a table", () => {
    expect(topK(data, frameOf()).getAttribute("aria-label")).toContain("highest for Top-2, 1.7");
    expect(topKTable(data).rows).toEqual([
      ["fixed layer", null, 1.2, null],
      ["Top-1", 0.3, 1.5, 0.1],
      ["Top-2", null, 1.7, null],
    ]);
  });

  test("are drawn without any number", () => {
    expect(badCoordinates(topK({rows: [], fixed: null}, frameOf(360)))).toEqual([]);
  });
});

const behaviors = ["kind", "lucky"];
const shifted: VariantData = {
  measure: "steerability",
  rows: ["BASE", "SYS.NEG", "USER.POS"].flatMap((variant, v) =>
    behaviors.map((behavior, b) => ({
      behavior,
      variant,
      fixed: 1 + b,
      w2s: 1.5 + b - v,
      gain: {mean: 0.5 - v, low: 0.25 - v, high: 0.75 - v},
    })),
  ),
};

describe("bars by variant", () => {
  test("are a panel for each variant, on one scale", () => {
    const chart = variants(shifted, frameOf(900));
    const panels = [...chart.querySelectorAll("g.panel")];
    expect(panels.map((panel) => panel.getAttribute("aria-label"))).toEqual(["BASE", "SYS.NEG", "USER.POS"]);
    const widths = panels.map((panel) =>
      [...panel.querySelector('g[aria-label="bars"]')!.querySelectorAll("rect")].map((bar) =>
        Number(bar.getAttribute("width")),
      ),
    );
    const unit = widths[0]![0]!; // fixed, 1
    expect(widths[0]).toHaveLength(4);
    expect(widths[0]![1]! / unit).toBeCloseTo(1.5, 5);
    // The first panel has room for names, so that its scale is its own.
    expect(widths[1]![3]! / widths[1]![0]!).toBeCloseTo(1.5, 5);
    expect(chart.getAttribute("aria-label")).toContain("W2S is higher in 2 of 6 cases");
  });

  test("have the interval of the gain where W2S is", () => {
    const chart = variants({...shifted, rows: shifted.rows.slice(0, 1)}, frameOf());
    const rule = group(chart, "intervals").querySelector("line")!;
    expect(Number(rule.getAttribute("x1"))).toBeCloseTo(apply(chart, "x", 1.25), 0);
    expect(Number(rule.getAttribute("x2"))).toBeCloseTo(apply(chart, "x", 1.75), 0);
  });

  test("have no interval where proportions are shown: it is of another measure", () => {
    const chart = variants({...shifted, measure: "proportion"}, frameOf());
    expect(hasGroup(chart, "intervals")).toBe(false);
    expect(chart.scale("x")!.domain).toEqual([0, 1]);
  });

  test("are drawn with what is missing left out", () => {
    const rows = [{behavior: "kind", variant: "BASE", fixed: null, w2s: NaN, gain: null}];
    expect(badCoordinates(variants({measure: "steerability", rows}, frameOf(360)))).toEqual([]);
    expect(badCoordinates(variants({measure: "steerability", rows: []}, frameOf(360)))).toEqual([]);
    expect(variantsTable({measure: "steerability", rows}).rows).toEqual([
      ["BASE", "kind", null, null, null, null, null],
    ]);
  });
});

describe("the overview of behaviours", () => {
  const rows = [
    {behavior: "kind", fixed: 1, w2s: 1.5, optimum: 2, gain: {mean: 0.5, low: 0.3, high: 0.7}},
    {behavior: "lucky", fixed: -1, w2s: -1.25, optimum: 0.5, gain: null},
  ];

  test("puts each policy's symbol at its value, a row a behaviour", () => {
    const chart = overview({measure: "steerability", rows}, frameOf());
    for (const policy of ["fixed", "w2s", "optimum"] as const) {
      const places = dots(group(chart, policy));
      rows.forEach((row, i) => expect(places[i]![0]).toBeCloseTo(apply(chart, "x", row[policy]), 0));
      expect(places[1]![1]).toBeGreaterThan(places[0]![1]);
    }
    expect(group(chart, "intervals").querySelectorAll("path")).toHaveLength(1);
    expect(chart.getAttribute("aria-label")).toContain("above the fixed layer on 1 of 2");
  });

  test("has a table", () => {
    expect(overviewTable({measure: "proportion", rows}).columns[1]).toBe("proportion steerable, fixed");
    expect(overviewTable({measure: "steerability", rows}).rows[0]).toEqual(["kind", 1, 1.5, 2, 0.5, 0.3, 0.7]);
  });

  test.each([
    ["one behaviour, all equal", [{behavior: "b", fixed: 1, w2s: 1, optimum: 1}]],
    ["nothing known", [{behavior: "b", fixed: null, w2s: null, optimum: null}]],
    ["a long name", [{behavior: "self-awareness-training-architecture-and-more", fixed: 0, w2s: 1, optimum: 2}]],
  ])("is drawn for %s", (_, some) => {
    expect(badCoordinates(overview({measure: "steerability", rows: some}, frameOf(360)))).toEqual([]);
  });
});

describe("the noise floor", () => {
  const data = {
    rows: [
      {behavior: "kind", noise: 0.001, steerability: 1, gain: 0.1},
      {behavior: "lucky", noise: 0.01, steerability: 2, gain: -0.005},
    ],
  };

  test("stands on a logarithmic axis: equal ratios are equal distances", () => {
    const chart = noiseFloor(data, frameOf());
    const [noise] = dots(group(chart, "noise"));
    const [gain] = dots(group(chart, "gain"));
    const [steerability] = dots(group(chart, "steerability"));
    expect((gain![0] - noise![0]) / (steerability![0] - gain![0])).toBeCloseTo(2, 1);
    expect(chart.scale("x")!.type).toBe("log");
  });

  test("says which values are negative, as a logarithm does not", () => {
    const chart = noiseFloor(data, frameOf());
    expect(texts(chart).filter((text) => text === "(−)")).toHaveLength(1);
    expect(chart.getAttribute("aria-label")).toContain("above the noise for 1 of 2");
    expect(noiseFloorTable(data).rows[1]).toEqual(["lucky", 0.01, -0.005, 2]);
  });

  test.each([
    ["no noise at all", [{behavior: "b", noise: 0, steerability: 1, gain: 0}]],
    ["nothing measured", [{behavior: "b", noise: null, steerability: null, gain: null}]],
    ["one tiny number", [{behavior: "b", noise: 1e-9, steerability: null, gain: null}]],
    ["ten orders of magnitude", [{behavior: "b", noise: 1e-9, steerability: 10, gain: 1}]],
  ])("is drawn for %s", (_, rows) => {
    const chart = noiseFloor({rows}, frameOf(360));
    expect(badCoordinates(chart)).toEqual([]);
  });
});
