import {describe, expect, test} from "vitest";

import {encoderMap, encoderMapTable, silhouettes, silhouettesTable} from "../../../src/charts/index.js";
import {apply, badCoordinates, frameOf, group, hasGroup, numbers, texts} from "./support.js";

describe("the encoder map", () => {
  const behaviors = ["kind", "lucky"];
  const cloud = [
    {x: 0, y: 0, behavior: "lucky", layer: 3},
    {x: 10, y: 5, behavior: "kind", layer: 5},
    {x: 11, y: 5, behavior: "kind", layer: 3},
  ];

  test("has a path a behaviour, with a shape at each point", () => {
    const chart = encoderMap({points: cloud, colorBy: "behavior", behaviors}, frameOf());
    const paths = [...group(chart, "points").querySelectorAll("path")];
    expect(paths.map((path) => path.getAttribute("aria-label"))).toEqual(["kind", "lucky"]);
    const starts = paths[0]!
      .getAttribute("d")!
      .match(/M[^a-z]+/g)!
      .map((start) => numbers(start));
    expect(starts).toHaveLength(2);
    expect(starts[0]![0]).toBeCloseTo(apply(chart, "x", 10), 0);
    expect(starts[0]![1]).toBeCloseTo(apply(chart, "y", 5), 0);
    expect(paths[0]!.getAttribute("fill")).not.toBe(paths[1]!.getAttribute("fill"));
  });

  test("names behaviours in the map, unless somebody else does", () => {
    const named = encoderMap({points: cloud, colorBy: "behavior", behaviors}, frameOf());
    expect(texts(group(named, "behaviours"))).toEqual(behaviors);
    const bare = encoderMap({points: cloud, colorBy: "behavior", behaviors, hasNames: false}, frameOf());
    expect(hasGroup(bare, "behaviours")).toBe(false);
  });

  test("may be coloured by best layer, where it is known", () => {
    const chart = encoderMap({points: [...cloud, {x: 5, y: 5, behavior: "kind"}], colorBy: "layer"}, frameOf());
    const paths = [...group(chart, "points").querySelectorAll("path")];
    expect(paths.map((path) => path.getAttribute("aria-label"))).toEqual(["layer 3", "layer 5"]);
    expect(texts(group(chart, "colours"))).toContain("best layer");
  });

  test("keeps a behaviour's colour when another one is missing", () => {
    const whole = encoderMap({points: cloud, colorBy: "behavior", behaviors}, frameOf());
    const part = encoderMap({points: [cloud[0]!], colorBy: "behavior", behaviors}, frameOf());
    const color = (chart: typeof whole) =>
      group(chart, "points").querySelector('path[aria-label="lucky"]')!.getAttribute("fill");
    expect(color(part)).toBe(color(whole));
  });

  test("has few elements for many points", () => {
    const many = Array.from({length: 13_000}, (_, i) => ({x: i % 113, y: i % 127, behavior: `b${i % 13}`}));
    expect(encoderMap({points: many, colorBy: "behavior"}, frameOf()).querySelectorAll("*").length).toBeLessThan(150);
  });

  test.each([
    ["one point", [{x: 1, y: 1, behavior: "b"}]],
    ["no point", []],
    ["points at one place", Array(5).fill({x: 2, y: 2, behavior: "b", layer: 1})],
    [
      "a point without place",
      [
        {x: NaN, y: 1, behavior: "b"},
        {x: 0, y: 1, behavior: "c"},
      ],
    ],
  ])("is drawn for %s", (_, some) => {
    for (const colorBy of ["behavior", "layer"] as const)
      expect(badCoordinates(encoderMap({points: some, colorBy}, frameOf(360)))).toEqual([]);
    expect(encoderMapTable({points: some, colorBy: "layer"}).rows).toHaveLength(some.length);
  });
});

describe("silhouettes", () => {
  const rows = [
    {encoder: "first-mean", silhouette: -0.04},
    {encoder: "large", silhouette: 0.62},
    {encoder: "broken", silhouette: null},
  ];

  test("have a bar each, to the left where negative", () => {
    const chart = silhouettes({rows}, frameOf());
    const bars = [...group(chart, "silhouettes").querySelectorAll("rect")];
    const zero = apply(chart, "x", 0);
    expect(bars).toHaveLength(2);
    expect(Number(bars[0]!.getAttribute("x"))).toBeLessThan(zero);
    expect(Number(bars[1]!.getAttribute("x"))).toBeCloseTo(zero, 5);
    expect(texts(chart)).toEqual(expect.arrayContaining(["−0.04", "0.62", "broken"]));
    expect(chart.getAttribute("aria-label")).toContain("highest for large, 0.62");
    expect(silhouettesTable({rows}).rows[2]).toEqual(["broken", null]);
  });

  test("are drawn where none is known", () => {
    expect(badCoordinates(silhouettes({rows: []}, frameOf(360)))).toEqual([]);
    expect(badCoordinates(silhouettes({rows: rows.slice(2)}, frameOf(360)))).toEqual([]);
  });
});
