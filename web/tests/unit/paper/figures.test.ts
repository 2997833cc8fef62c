import {DOMParser} from "linkedom";
import {describe, expect, test, vi} from "vitest";

import {drawFigures, type PaperFigure} from "../../../src/paper/main.js";
import type {PaperTable} from "../../../src/paper/records.js";
import {numbers, points} from "../charts/support.js";
import {paperTables, small, thirteen, type Size} from "./tables.js";

vi.setConfig({testTimeout: 60_000});

const figureIds = [
  "figure1",
  "figure1-layers",
  "figure3",
  "figure4",
  "supp-figures1-2",
  "supp-figures3-4",
  "supp-figures5-6",
  "supp-figures7-8",
  "supp-figure9",
  "supp-figure9-points",
  "supp-figures10-11",
  "supp-figures14-15",
  "supp-figures16-17",
  "supp-figure18",
  "supp-figures19-22",
];

function drawn(size: Size): Map<string, PaperFigure> {
  return new Map(drawFigures(paperTables(size)).map((figure) => [figure.id, figure]));
}

function parsed({svg}: PaperFigure): Element {
  return new DOMParser().parseFromString(svg, "image/svg+xml").documentElement as unknown as Element;
}

function withLabel(root: Element, label: string): Element[] {
  return [...root.querySelectorAll("*")].filter((element) => element.getAttribute("aria-label") === label);
}

function texts(root: Element): string[] {
  return [...root.querySelectorAll("text")].map((text) => text.textContent ?? "");
}

// Every opened element is closed by its own name: a program that reads XML would stop at anything else.
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, end, name, empty] of svg.matchAll(/<(\/?)([a-z]\w*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (end === "/") {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (empty !== "/") open.push(name!);
  }
  return open;
}

describe.each([
  ["two models and thirteen behaviours", thirteen],
  ["one model and one behaviour", small],
])("of %s", (_, size) => {
  const figures = drawn(size);

  test("there is a figure for each table that is one", () => {
    expect([...figures.keys()]).toEqual(figureIds);
  });

  test.each(figureIds)("%s is an SVG document of its own", (id) => {
    const {svg, title} = figures.get(id)!;
    expect(title).toBe(`Title of ${id}`);
    expect(svg).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
    expect(svg).toContain(`<title>Title of ${id}</title><desc>`);
    expect(svg).toContain('<rect fill="#ffffff" height="100%" width="100%"/>');
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<style|var\(/);
    expect(unbalanced(svg)).toEqual([]);
  });
});

describe("figures", () => {
  const figures = drawn(thirteen);

  test("are drawn in a panel for each model and method", () => {
    const panels = [...parsed(figures.get("figure3")!).querySelectorAll("g")].filter((panel) =>
      panel.getAttribute("aria-label")?.includes("Chat, "),
    );
    expect(panels.map((panel) => panel.getAttribute("aria-label"))).toEqual([
      "Llama-2-7B-Chat, CAA",
      "Llama-2-7B-Chat, L2S",
      "Qwen1.5-14B-Chat, CAA",
      "Qwen1.5-14B-Chat, L2S",
    ]);
    for (const panel of panels) {
      const bars = withLabel(panel, "bars").flatMap((bar) => [...bar.querySelectorAll("rect")]);
      expect(bars).toHaveLength(26);
      expect(withLabel(panel, "intervals").flatMap((group) => [...group.querySelectorAll("line")])).toHaveLength(13);
    }
  });

  test("have bars as long as their numbers", () => {
    const root = parsed(drawn(small).get("figure3")!);
    const widths = withLabel(root, "bars")
      .flatMap((bar) => [...bar.querySelectorAll("rect")])
      .map((bar) => Number(bar.getAttribute("width")));
    expect(widths[1]! / widths[0]!).toBeCloseTo(1.2, 5);
  });

  test("have the notes as their description", () => {
    expect(figures.get("figure3")!.svg).toContain("<desc>Mean over &lt;three&gt; seeds &amp; more.</desc>");
  });

  test("name all thirteen behaviours", () => {
    for (const id of ["figure1", "figure1-layers", "figure3", "supp-figures10-11", "supp-figures16-17"])
      expect(texts(parsed(figures.get(id)!))).toEqual(expect.arrayContaining(thirteen.behaviors));
  });

  test("tell the paper's own numbers where there are any", () => {
    expect(texts(parsed(figures.get("figure1")!))).toContain("Llama-2-7B-Chat, CAA: mean +20 %, paper +55 %");
    expect(texts(parsed(figures.get("supp-figure9")!))).toContain("text-embedding-3-large (paper)");
  });

  test("of encoders show the first seed's points", () => {
    const root = parsed(drawn(small).get("supp-figure9-points")!);
    const shapes = withLabel(root, "points").flatMap((group) => [...group.querySelectorAll("path")]);
    expect(shapes.map((shape) => shape.getAttribute("d")!.split("M").length - 1)).toEqual([4]);
  });

  test("of encoders show some of very many points, and say so", () => {
    const rows = Array.from({length: 6400}, (_, i) => ["m", 0, "first-mean", `b${i % 13}`, i, i % 80, i % 77]);
    const columns = ["model", "seed", "encoder", "behavior", "sample", "umap_1", "umap_2"];
    const [figure] = drawFigures([{id: "supp-figure9-points", title: "t", notes: "", table: {columns, rows}}]);
    const shapes = withLabel(parsed(figure!), "points").flatMap((group) => [...group.querySelectorAll("path")]);
    expect(shapes).toHaveLength(13);
    expect(shapes.map((shape) => shape.getAttribute("d")!.split("M").length - 1).reduce((a, b) => a + b)).toBe(1600);
    expect(texts(parsed(figure!))).toContain("one prompt in 4 is shown");
  });

  test("of layers mark each line's highest layer", () => {
    const root = parsed(drawn(small).get("supp-figures14-15")!);
    const line = points(withLabel(root, "caa")[0]!.querySelector("path")!.getAttribute("d"));
    const highest = line.reduce((top, point) => (point[1] < top[1] ? point : top));
    const marked = [...root.querySelectorAll("circle")].map((dot) => numbers(dot.getAttribute("transform") ?? ""));
    const circles = [...root.querySelectorAll("circle")].map((dot) => [
      Number(dot.getAttribute("cx")),
      Number(dot.getAttribute("cy")),
    ]);
    const near = [...marked, ...circles].some(
      ([x, y]) => Math.abs(x! - highest[0]) < 1 && Math.abs(y! - highest[1]) < 1,
    );
    expect(near).toBe(true);
  });

  test("are the same every time", () => {
    expect(drawFigures(paperTables(small))).toEqual(drawFigures(paperTables(small)));
  });
});

describe("tables that are not as expected", () => {
  const [figure3] = paperTables(small).filter(({id}) => id === "figure3") as [PaperTable];

  test("are left out where they are no figures", () => {
    expect(
      drawFigures([
        {...figure3, id: "figure99"},
        {...figure3, id: "constructor"},
        {...figure3, id: "table2"},
      ]),
    ).toEqual([]);
  });

  test("are left out where they are empty", () => {
    expect(drawFigures([{...figure3, table: {...figure3.table, rows: []}}])).toEqual([]);
    expect(drawFigures([])).toEqual([]);
  });

  test.each(figureIds)("may lack columns: %s", (id) => {
    const [whole] = paperTables(small).filter((table) => table.id === id) as [PaperTable];
    const keys = ["model", "behavior", "method", "policy", "encoder", "layer", "top_k", "layer_of_each_input"];
    const kept = whole.table.columns.map((column, i) => ({column, i})).filter(({column}) => keys.includes(column));
    const table = {
      columns: kept.map(({column}) => column),
      rows: whole.table.rows.map((row) => kept.map(({i}) => row[i]!)),
    };
    const [figure] = drawFigures([{...whole, table}]);
    expect(figure!.svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("may have names that XML or a picture would trip over", () => {
    const rows = figure3.table.rows.map((row) => ['<script>"&\u0007', "b".repeat(200), ...row.slice(2)]);
    const [figure] = drawFigures([{...figure3, title: "</title><b>", table: {...figure3.table, rows}}]);
    expect(figure!.svg).toContain("<title>&lt;/title&gt;&lt;b&gt;</title>");
    expect(unbalanced(figure!.svg)).toEqual([]);
  });
});
