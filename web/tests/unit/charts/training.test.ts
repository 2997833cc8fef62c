import {describe, expect, test} from "vitest";

import {trainingCurves, trainingCurvesTable, validationGrid, validationGridTable} from "../../../src/charts/index.js";
import {apply, badCoordinates, frameOf, group, points, texts} from "./support.js";

describe("training curves", () => {
  const curves = [
    {training: [2, 1, 0.5], heldOut: [2, 1, 1.5]},
    {training: [4, 3], heldOut: [4, 3]},
  ];

  test("have a line a fold, and the mean of the folds that got so far", () => {
    const chart = trainingCurves({curves, epochs: 2}, frameOf());
    expect(group(chart, "held-out folds").querySelectorAll("path")).toHaveLength(2);
    const mean = points(group(chart, "held out").querySelector("path")!.getAttribute("d"));
    expect(mean.map(([x]) => Math.round(chart.scale("x")!.invert!(x) as number))).toEqual([1, 2, 3]);
    expect(mean.map(([, y]) => (chart.scale("y")!.invert!(y) as number).toFixed(2))).toEqual(["3.00", "2.00", "1.50"]);
    expect(Number(group(chart, "epochs").querySelector("line")!.getAttribute("x1"))).toBeCloseTo(
      apply(chart, "x", 2),
      0,
    );
    expect(chart.getAttribute("aria-label")).toContain("least after 3 epochs, 1.5");
  });

  test("have a table", () => {
    expect(trainingCurvesTable({curves, epochs: 2}).rows).toHaveLength(5);
    expect(trainingCurvesTable({curves, epochs: 2}).rows[4]).toEqual([2, 2, 3, 3]);
  });

  test.each([
    ["one epoch", {curves: [{training: [1], heldOut: [1]}], epochs: 1}],
    ["none recorded", {curves: [], epochs: null}],
    ["a loss that ran away", {curves: [{training: [1, NaN, Infinity], heldOut: [1, 2, NaN]}], epochs: 2}],
  ])("are drawn for %s", (_, data) => {
    expect(badCoordinates(trainingCurves(data, frameOf(360)))).toEqual([]);
  });
});

describe("the grid of cross-validation", () => {
  const scores = [0.001, 0.01].flatMap((learningRate) =>
    [64, 128].flatMap((hiddenWidth) =>
      [1, 2].flatMap((hiddenLayers) =>
        [0, 0.1].map((weightDecay) => ({
          learningRate,
          hiddenWidth,
          hiddenLayers,
          weightDecay,
          steerability: hiddenWidth + hiddenLayers,
          accuracy: 0.5,
        })),
      ),
    ),
  );
  const chosen = {learningRate: 0.01, hiddenWidth: 128, hiddenLayers: 2, weightDecay: 0.1};

  test("has a cell for each setting in its facet, and an outline at the chosen one", () => {
    const chart = validationGrid({scores, chosen}, frameOf());
    expect(group(chart, "settings").querySelectorAll("rect")).toHaveLength(16);
    const outline = group(chart, "chosen").querySelectorAll("rect");
    expect(outline).toHaveLength(1);
    expect(Number(outline[0]!.getAttribute("x"))).toBeCloseTo(apply(chart, "x", 0.01), 0);
    expect(Number(outline[0]!.getAttribute("y"))).toBeCloseTo(apply(chart, "y", 128), 0);
    expect(texts(chart)).toEqual(expect.arrayContaining(["1 hidden layer", "2 hidden layers", "weight decay"]));
    expect(chart.getAttribute("aria-label")).toContain("2 hidden layers of 128, learning rate 0.01, weight decay 0.1");
  });

  test("has a table that tells the chosen one", () => {
    const {rows} = validationGridTable({scores, chosen});
    expect(rows.filter((row) => row.at(-1) === "yes")).toEqual([[0.01, 128, 2, 0.1, 130, 0.5, "yes"]]);
  });

  test.each([
    ["one setting", {scores: scores.slice(0, 1), chosen: null}],
    ["no setting", {scores: [], chosen: null}],
    ["equal scores", {scores: scores.map((score) => ({...score, steerability: 1})), chosen}],
    ["a score that is no number", {scores: scores.map((score) => ({...score, steerability: NaN})), chosen}],
  ])("is drawn for %s", (_, data) => {
    expect(badCoordinates(validationGrid(data, frameOf(360)))).toEqual([]);
  });
});
