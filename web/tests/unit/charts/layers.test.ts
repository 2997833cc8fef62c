import {describe, expect, test} from "vitest";

import {
  bestLayers,
  bestLayersTable,
  deviations,
  kthBestLayer,
  kthBestLayerTable,
  layerDeviation,
  nearestSample,
  steerabilityByLayer,
  steerabilityByLayerTable,
  summarizeLayers,
} from "../../../src/charts/index.js";
import {apply, badCoordinates, dots, frameOf, group, hasGroup, numbers, points, texts} from "./support.js";

const eleven = {
  layers: [2, 3, 5],
  samples: 11,
  // At layer 2: 0, 1, ..., 10; at layer 3: 5 for all; at layer 5: -i.
  values: Float32Array.from({length: 33}, (_, i) => [Math.floor(i / 3), 5, -Math.floor(i / 3)][i % 3]!),
  fixedLayer: 3,
};

describe("steerability by layer", () => {
  test("has the mean and the 10th and 90th percentile over samples", () => {
    expect(summarizeLayers(eleven)).toEqual([
      {layer: 2, mean: 5, low: 1, high: 9},
      {layer: 3, mean: 5, low: 5, high: 5},
      {layer: 5, mean: -5, low: -9, high: -1},
    ]);
  });

  test("leaves out what is no number, sample by sample", () => {
    const values = [1, NaN, 3, NaN];
    expect(summarizeLayers({layers: [0, 1], samples: 2, values})).toEqual([
      {layer: 0, mean: 2, low: 1.2, high: 2.8},
      {layer: 1, mean: null, low: null, high: null},
    ]);
  });

  test("draws the mean line through the means", () => {
    const chart = steerabilityByLayer(eleven, frameOf());
    const line = points(group(chart, "mean").querySelector("path")!.getAttribute("d"));
    const expected = [2, 3, 5].map((layer, i) => [apply(chart, "x", layer), apply(chart, "y", [5, 5, -5][i])]);
    line.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(expected[i]![0]!, 2);
      expect(y).toBeCloseTo(expected[i]![1]!, 2);
    });
    expect(line).toHaveLength(3);
  });

  test("marks the fixed layer, with a line and at the mean", () => {
    const chart = steerabilityByLayer(eleven, frameOf());
    const rule = group(chart, "fixed layer").querySelector("line")!;
    expect(Number(rule.getAttribute("x1"))).toBeCloseTo(apply(chart, "x", 3), 0);
    expect(dots(group(chart, "at fixed"))[0]![1]).toBeCloseTo(apply(chart, "y", 5), 0);
  });

  test("draws a selected sample's own line, and tells its numbers", () => {
    const data = {...eleven, highlighted: 4};
    const chart = steerabilityByLayer(data, frameOf());
    const line = points(group(chart, "selected").querySelector("path")!.getAttribute("d"));
    expect(line.map(([, y]) => Math.round(chart.scale("y")!.invert!(y) as number))).toEqual([4, 5, -4]);
    expect(steerabilityByLayerTable(data).rows[2]).toEqual([5, -5, -9, -1, "no", -4]);
    expect(hasGroup(steerabilityByLayer(eleven, frameOf()), "selected")).toBe(false);
  });

  test("finds the sample that is nearest to a point", () => {
    const chart = steerabilityByLayer(eleven, frameOf());
    const near = (layer: number, value: number) =>
      nearestSample(eleven, chart, apply(chart, "x", layer), apply(chart, "y", value));
    expect(near(2.2, 7.1)).toEqual({sample: 7, layer: 2});
    expect(near(5, -3.4)).toEqual({sample: 3, layer: 5});
    expect(nearestSample({...eleven, samples: 0}, chart, 0, 0)).toBeNull();
  });

  test("is described for those who cannot see it", () => {
    const chart = steerabilityByLayer(eleven, frameOf());
    expect(chart.getAttribute("role")).toBe("img");
    expect(chart.getAttribute("aria-label")).toBe(
      "Mean steerability by layer over 11 samples: highest at layer 2, 5; fixed layer 3.",
    );
  });

  test("tells fewer ticks where it is narrow", () => {
    const layers = Array.from({length: 40}, (_, i) => i);
    const data = {layers, samples: 1, values: layers, fixedLayer: 0};
    const ticks = (width: number): number =>
      texts(group(steerabilityByLayer(data, frameOf(width)), "x-axis tick label")).length;
    expect(ticks(360)).toBeGreaterThanOrEqual(4);
    expect(ticks(360)).toBeLessThan(ticks(800));
  });

  test.each([
    ["one layer", {layers: [7], samples: 3, values: [1, 2, 3], fixedLayer: 7}],
    ["one sample", {layers: [0, 1, 2], samples: 1, values: [1, 2, 3], fixedLayer: 1}],
    ["all values equal", {layers: [0, 1], samples: 2, values: [2, 2, 2, 2], fixedLayer: 1}],
    ["all zero", {layers: [0, 1], samples: 2, values: [0, 0, 0, 0], fixedLayer: 1}],
    ["no number at all", {layers: [0, 1], samples: 1, values: [NaN, NaN], fixedLayer: 1}],
    ["no sample", {layers: [0, 1], samples: 0, values: [], fixedLayer: 0}],
    ["a fixed layer that was not swept", {layers: [0, 2], samples: 1, values: [1, 2], fixedLayer: 9}],
  ])("is drawn for %s", (_, data) => {
    expect(badCoordinates(steerabilityByLayer(data, frameOf(360)))).toEqual([]);
    expect(steerabilityByLayerTable(data).rows).toHaveLength(data.layers.length);
  });
});

describe("best layers", () => {
  const data = {layers: [0, 1, 2, 4], count: [1, 0, 6, 3], fixedLayer: 1};

  test("has a bar for each layer, as high as its count", () => {
    const chart = bestLayers(data, frameOf());
    const bars = [...group(chart, "samples").querySelectorAll("rect")];
    const heights = bars.map((bar) => Number(bar.getAttribute("height")));
    const unit = apply(chart, "y", 0) - apply(chart, "y", 1);
    heights.forEach((height, i) => expect(height).toBeCloseTo(data.count[i]! * unit, 5));
    expect(bestLayersTable(data).rows).toEqual([
      [0, 1, "no"],
      [1, 0, "yes"],
      [2, 6, "no"],
      [4, 3, "no"],
    ]);
    expect(chart.getAttribute("aria-label")).toContain("best for 0 of 10");
  });

  test("have distances from the fixed layer, gaps included", () => {
    expect(deviations(data)).toEqual([
      {distance: 0, samples: 0},
      {distance: 1, samples: 7},
      {distance: 2, samples: 0},
      {distance: 3, samples: 3},
    ]);
    const chart = layerDeviation(data, frameOf());
    expect(chart.getAttribute("aria-label")).toContain("1.6 layers on average");
    expect(group(chart, "samples").querySelectorAll("rect")).toHaveLength(4);
  });

  test.each([
    ["one layer", {layers: [3], count: [5], fixedLayer: 3}],
    ["no sample", {layers: [0, 1], count: [0, 0], fixedLayer: 0}],
    [
      "forty layers on a phone",
      {layers: Array.from({length: 40}, (_, i) => i), count: Array(40).fill(25), fixedLayer: 9},
    ],
  ])("are drawn for %s", (_, counts) => {
    expect(badCoordinates(bestLayers(counts, frameOf(360)))).toEqual([]);
    expect(badCoordinates(layerDeviation(counts, frameOf(360)))).toEqual([]);
  });
});

describe("the k-th best layer", () => {
  test("stands against the fixed layer's mean", () => {
    const chart = kthBestLayer({fixed: 1.2, kthBest: [2, 1.5, 1.3, 1]}, frameOf());
    expect(chart.getAttribute("aria-label")).toContain("3 of 4 ranks are above the fixed layer");
    const rule = group(chart, "fixed").querySelector("line")!;
    expect(numbers(rule.getAttribute("y1"))[0]).toBeCloseTo(apply(chart, "y", 1.2), 0);
    expect(texts(chart)).toEqual(expect.arrayContaining(["best", "2nd", "3rd", "4th", "1.50"]));
  });

  test("leaves out ranks that few layers do not have", () => {
    const data = {fixed: 1, kthBest: [2, 1, null, null]};
    const chart = kthBestLayer(data, frameOf(360));
    expect(group(chart, "k-th best").querySelectorAll("rect")).toHaveLength(2);
    expect(kthBestLayerTable(data).rows).toEqual([
      ["fixed", 1],
      ["best", 2],
      ["2nd best", 1],
      ["3rd best", null],
      ["4th best", null],
    ]);
  });

  test("may be negative", () => {
    expect(badCoordinates(kthBestLayer({fixed: -2, kthBest: [-0.5, -1]}, frameOf()))).toEqual([]);
  });
});
