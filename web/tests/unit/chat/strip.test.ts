import {describe, expect, test} from "vitest";
import type {SteeringEcho} from "../../../src/chat/contract.js";
import {captionOf, describeCell, layerCount, scaleText, strips} from "../../../src/chat/strip.js";
import {calm, warm} from "./entries.js";

const echo: SteeringEcho = {
  applied: [
    {name: "warm", layer: 4, scale: 1.5, confidence: 0.625},
    {name: "calm", layer: 2, scale: -2, confidence: null},
  ],
  predicted: [{name: "warm", layers: [1, 3, 4], probabilities: [0.0625, 0.3125, 0.625]}],
};

describe("the strip", () => {
  test("has a cell for every layer of the model, whatever the vector covers", () => {
    const [first, second] = strips(echo, [warm, calm]);
    for (const strip of [first!, second!]) expect(strip.cells.map(({layer}) => layer)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(layerCount([calm])).toBe(5);
    expect(layerCount([])).toBe(0);
  });

  test("shades each layer by its share of the likeliest one's probability", () => {
    const {cells} = strips(echo, [warm, calm])[0]!;
    expect(cells.map(({probability}) => probability)).toEqual([null, 0.0625, null, 0.3125, 0.625, null]);
    expect(cells.map(({shade}) => shade)).toEqual([0, 0.1, 0, 0.5, 1, 0]);
  });

  test("marks where the answer was steered, and the best fixed layer", () => {
    const [first, second] = strips(echo, [warm, calm]);
    expect(first!.cells.map(({scale}) => scale)).toEqual([null, null, null, null, 1.5, null]);
    expect(first!.cells.filter(({isFixed}) => isFixed).map(({layer}) => layer)).toEqual([3]);
    expect(second!.cells[2]!.scale).toBe(-2);
    expect(second!.cells.some(({shade, isFixed}) => shade > 0 || isFixed)).toBe(false);
  });

  test("says where in words", () => {
    const [first, second] = strips(echo, [warm, calm]);
    expect(captionOf(first!)).toBe("layer 4, 63% sure");
    expect(captionOf(second!)).toBe("layer 2, chosen by hand");
    expect(describeCell(first!.cells[4]!)).toBe("Layer 4 · 62.5% likely · steered here, scale 1.5");
    expect(describeCell(first!.cells[3]!)).toBe("Layer 3 · 31.3% likely · best fixed layer");
    expect(describeCell(second!.cells[0]!)).toBe("Layer 0");
  });

  test("shows several layers that share a scale", () => {
    const shared: SteeringEcho = {
      applied: [1, 3, 4].map((layer) => ({name: "warm", layer, scale: 0.25, confidence: 0.3})),
      predicted: echo.predicted,
    };
    const [strip, ...others] = strips(shared, [warm]);
    expect(others).toEqual([]);
    expect(captionOf(strip!)).toBe("layers 1, 3 and 4");
    expect(strip!.cells.filter(({scale}) => scale === 0.25)).toHaveLength(3);
  });

  test("shows layers that no vector is known for", () => {
    const beyond: SteeringEcho = {applied: [{name: "new", layer: 7, scale: 1, confidence: null}], predicted: []};
    expect(strips(beyond, [])[0]!.cells).toHaveLength(8);
  });

  test("writes scales with the digits they have", () => {
    expect([1, 1.5, -0.25, 0].map(scaleText)).toEqual(["1.0", "1.5", "\u22120.25", "0.0"]);
  });
});
