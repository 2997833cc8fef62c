import {describe, expect, test} from "vitest";

import {
  layerProbabilities,
  layerProbabilitiesTable,
  propensityLines,
  propensityLinesTable,
} from "../../../src/charts/index.js";
import {apply, badCoordinates, dots, frameOf, group, points} from "./support.js";

describe("one sample's propensity", () => {
  const data = {
    layers: [1, 2, 3],
    multipliers: [-1, 0, 1],
    values: [-1, 0, 1, -2, 0, 2, 0, 0, 0],
    fixedLayer: 3,
    predictedLayer: 2,
    bestLayer: 2,
  };

  test("has a line for each layer, and the three layers that matter on top", () => {
    const chart = propensityLines(data, frameOf());
    expect(group(chart, "all layers").querySelectorAll("path")).toHaveLength(3);
    const line = (name: string): number[] =>
      points(group(chart, name).querySelector("path")!.getAttribute("d")).map(([, y]) =>
        Math.round(chart.scale("y")!.invert!(y) as number),
      );
    expect(line("best layer")).toEqual([-2, 0, 2]);
    expect(line("predicted layer")).toEqual([-2, 0, 2]);
    expect(line("fixed layer").map(Math.abs)).toEqual([0, 0, 0]);
    // Where two layers are the same one, both lines are seen.
    const width = (name: string): number => Number(group(chart, name).getAttribute("stroke-width"));
    expect(width("best layer")).toBeGreaterThan(width("predicted layer") + 1.5);
    expect(propensityLinesTable(data).rows[1]).toEqual([2, -2, 0, 2]);
  });

  test.each([
    ["no prediction", {...data, predictedLayer: null}],
    ["one layer", {...data, layers: [3], values: [1, 2, 3], predictedLayer: null, bestLayer: 3}],
    ["one multiplier", {...data, multipliers: [1], values: [1, 2, 3]}],
    ["all equal", {...data, values: Array(9).fill(0)}],
    ["missing numbers", {...data, values: [NaN, 0, 1, NaN, NaN, NaN, 0, 0, 0]}],
  ])("is drawn for %s", (_, some) => {
    expect(badCoordinates(propensityLines(some, frameOf(360)))).toEqual([]);
  });
});

describe("one sample's probabilities by layer", () => {
  const data = {
    layers: [1, 3],
    probabilities: Float32Array.of(0.25, 0.75),
    sweptLayers: [0, 1, 2, 3],
    fixedLayer: 2,
    predictedLayer: 3,
    bestLayer: 0,
  };

  test("have bars where the predictor knows the layer, and marks of the layers that matter", () => {
    const chart = layerProbabilities(data, frameOf());
    const bars = [...group(chart, "probabilities").querySelectorAll("rect")];
    expect(bars).toHaveLength(2);
    const heights = bars.map((bar) => Number(bar.getAttribute("height")));
    expect(heights[1]! / heights[0]!).toBeCloseTo(3, 5);
    const middle = (layer: number): number => apply(chart, "x", layer) + chart.scale("x")!.bandwidth! / 2;
    expect(dots(group(chart, "best layer"))[0]![0]).toBeCloseTo(middle(0), 0);
    expect(dots(group(chart, "predicted layer"))[0]![0]).toBeCloseTo(middle(3), 0);
    expect(dots(group(chart, "fixed layer"))[0]![0]).toBeCloseTo(middle(2), 0);
    expect(layerProbabilitiesTable(data).rows).toEqual([
      [1, 0.25, ""],
      [3, 0.75, "predicted"],
    ]);
  });

  test.each([
    ["all zero", {...data, probabilities: [0, 0]}],
    ["one layer", {...data, layers: [3], sweptLayers: [3], probabilities: [1], fixedLayer: 3, bestLayer: 3}],
    ["none", {...data, layers: [], probabilities: [], predictedLayer: null}],
  ])("are drawn for %s", (_, some) => {
    expect(badCoordinates(layerProbabilities(some, frameOf(360)))).toEqual([]);
  });
});
