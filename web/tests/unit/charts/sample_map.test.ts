import {inflateSync} from "node:zlib";
import {describe, expect, test} from "vitest";

import {
  cellAt,
  sampleMap,
  sampleMapTable,
  sampleOrder,
  valueColors,
  type SampleMapData,
} from "../../../src/charts/index.js";
import {pngUrl} from "../../../src/charts/png.js";
import {badCoordinates, frameOf, group, hasGroup, points, texts} from "./support.js";

interface Picture {
  width: number;
  height: number;
  color: (x: number, y: number) => number[];
}

// An independent reader, for PNGs of 8-bit palette colours without filters.
function readPng(url: string): Picture {
  const bytes = Buffer.from(url.replace("data:image/png;base64,", ""), "base64");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const header = chunks.get("IHDR")!;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(chunks.get("IDAT")!);
  expect(rows).toHaveLength((width + 1) * height);
  const colors = chunks.get("PLTE")!;
  return {
    width,
    height,
    color: (x, y) => {
      const index = rows[y * (width + 1) + 1 + x]!;
      return [...colors.subarray(3 * index, 3 * index + 3)];
    },
  };
}

const three: SampleMapData = {
  layers: [4, 5, 7],
  samples: 3,
  values: [1, 2, 3, 9, 8, 0, 4, 6, 5],
  fixedLayer: 5,
  best: [7, 4, 5],
  predicted: [5, 4, null],
  ids: ["a", "b", "c"],
  order: "file",
};

describe("a PNG", () => {
  test("has the pixels that it was given", () => {
    const [width, height] = [300, 500];
    const pixels = Uint8Array.from({length: width * height}, (_, i) => (i * 7) % 3);
    const picture = readPng(
      pngUrl(pixels, width, height, [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
    );
    expect([picture.width, picture.height]).toEqual([width, height]);
    for (const [x, y] of [
      [0, 0],
      [299, 499],
      [17, 219],
      [298, 218],
    ] as const) {
      const i = (((y * width + x) * 7) % 3) * 3;
      expect(picture.color(x, y)).toEqual([i + 1, i + 2, i + 3]);
    }
  });
});

describe("the map of samples and layers", () => {
  test("is sorted by best layer, predicted layer or gain, ties by gain and place in the file", () => {
    expect(sampleOrder(three)).toEqual([0, 1, 2]);
    expect(sampleOrder({...three, order: "best"})).toEqual([1, 2, 0]);
    expect(sampleOrder({...three, order: "gain"})).toEqual([0, 1, 2]); // gains of 1, 1, 0
    expect(sampleOrder({...three, order: "predicted"})).toEqual([1, 0, 2]); // none at the end
    expect(sampleOrder({...three, predicted: null, order: "predicted"})).toEqual([0, 1, 2]);
  });

  test("has each value's colour in its cell", () => {
    const data = {...three, order: "best"} as const;
    const picture = readPng(group(sampleMap(data, frameOf()), "cells").querySelector("image")!.getAttribute("href")!);
    expect([picture.width, picture.height]).toEqual([3, 3]);
    const {rgb} = valueColors(0, 9);
    [1, 2, 0].forEach((sample, row) => {
      for (const column of [0, 1, 2]) {
        const expected = rgb(three.values[3 * sample + column]!);
        picture.color(column, row).forEach((channel, i) => expect(Math.abs(channel - expected[i]!)).toBeLessThan(3));
      }
    });
  });

  test("shows a missing value in grey", () => {
    const data = {...three, values: [NaN, 2, 3, 9, 8, 0, 4, 6, 5]};
    const picture = readPng(group(sampleMap(data, frameOf()), "cells").querySelector("image")!.getAttribute("href")!);
    expect(picture.color(0, 0)).toEqual([128, 128, 128]);
  });

  test("marks the fixed, the best and the predicted layer in their columns", () => {
    const chart = sampleMap(three, frameOf());
    const [left, right] = chart.scale("x")!.range as [number, number];
    const column = (right - left) / 3;
    const columnsOf = (name: string): number[] => {
      const path = group(chart, name).querySelector("path")!.getAttribute("d")!;
      return path
        .split("Z")
        .filter((shape) => shape !== "")
        .map((shape) => Math.floor((points(shape.slice(0, shape.search(/[hL]/)))[0]![0] - left) / column));
    };
    expect(columnsOf("best layer")).toEqual([2, 0, 1]);
    expect(columnsOf("predicted layer")).toEqual([1, 0]); // none for the third
    const fixed = group(chart, "cells").querySelector('path[aria-label="fixed layer"]')!.getAttribute("d")!;
    expect(fixed.startsWith(`M${Math.round(100 * (left + column)) / 100},`)).toBe(true);
    expect(hasGroup(sampleMap({...three, predicted: null}, frameOf()), "predicted layer")).toBe(false);
  });

  test("tells which sample and layer is at a point, and nothing outside", () => {
    const data = {...three, order: "best"} as const;
    const chart = sampleMap(data, frameOf());
    const [left, right] = chart.scale("x")!.range as [number, number];
    const [bottom, top] = chart.scale("y")!.range as [number, number];
    const at = (column: number, row: number) =>
      cellAt(data, chart, left + ((column + 0.5) * (right - left)) / 3, top + ((row + 0.5) * (bottom - top)) / 3);
    expect(at(0, 0)).toEqual({row: 0, sample: 1, layer: 4});
    expect(at(2, 1)).toEqual({row: 1, sample: 2, layer: 7});
    expect(at(-1, 0)).toBeNull();
    expect(at(3, 0)).toBeNull();
    expect(at(0, 3)).toBeNull();
    expect(cellAt(data, chart, left, top - 1)).toBeNull();
  });

  test("says where a few extreme values are beyond the colours", () => {
    const values = Array.from({length: 400}, (_, i) => (i === 7 ? 1000 : i % 10));
    const data = {
      ...three,
      layers: [0, 1],
      samples: 200,
      values,
      fixedLayer: 0,
      best: Array(200).fill(0),
      predicted: null,
    };
    const labels = texts(group(sampleMap(data, frameOf()), "colours"));
    expect(labels.at(-1)).toBe("≥ 9");
    expect(labels[1]).toBe("0");
  });

  test("has a table in the order of its rows", () => {
    expect(sampleMapTable({...three, order: "best"})).toEqual({
      columns: ["sample", "best layer", "predicted layer", "fixed layer", "layer 4", "layer 5", "layer 7"],
      rows: [
        ["b", 4, 4, 5, 9, 8, 0],
        ["c", 5, null, 5, 4, 6, 5],
        ["a", 7, 5, 5, 1, 2, 3],
      ],
    });
  });

  test("draws 1000 samples at 40 layers with few elements", () => {
    const [samples, layers] = [1000, Array.from({length: 40}, (_, i) => i)];
    const values = Float32Array.from({length: samples * 40}, (_, i) => Math.sin(i));
    const best = Array.from({length: samples}, (_, i) => i % 40);
    const chart = sampleMap({layers, samples, values, best, predicted: best, fixedLayer: 12, order: "best"}, frameOf());
    expect(chart.querySelectorAll("*").length).toBeLessThan(200);
    expect(badCoordinates(chart)).toEqual([]);
  });

  test.each([
    ["one sample", {...three, samples: 1, values: [1, 2, 3], best: [7], predicted: [7]}],
    ["one layer", {...three, layers: [4], values: [1, 2, 3], best: [4, 4, 4], predicted: null, fixedLayer: 4}],
    ["no sample", {...three, samples: 0, values: [], best: [], predicted: []}],
    ["all values equal", {...three, values: Array(9).fill(2)}],
    ["no number", {...three, values: Array(9).fill(NaN)}],
  ] satisfies [string, SampleMapData][])("is drawn for %s", (_, data) => {
    expect(badCoordinates(sampleMap(data, frameOf(360)))).toEqual([]);
  });
});
