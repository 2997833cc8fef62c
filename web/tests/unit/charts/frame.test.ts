import {describe, expect, test} from "vitest";

import {domainOf, layerTicks, short, shortened, textWidth, threeDigits} from "../../../src/charts/frame.js";
import {placeLabels} from "../../../src/charts/label_places.js";
import {element} from "../../../src/charts/frame.js";
import {steerabilityByLayer, standaloneSvg, toCsv} from "../../../src/charts/index.js";
import {frameOf} from "./support.js";

describe("numbers of labels", () => {
  test.each([
    [0, "0"],
    [1.5, "1.5"],
    [-0.25, "−0.25"],
    [1234, "1234"],
    [12.345, "12.3"],
    [0.04567, "0.046"],
    [0.0002, "2.0e−4"],
    [3e6, "3.0e6"],
    [NaN, ""],
  ])("%d is short: %s", (value, text) => {
    expect(short(value)).toBe(text);
  });
});

describe("numbers beside each other", () => {
  test.each([
    [2, "2.00"],
    [-1.955, "−1.96"],
    [0.5, "0.500"],
    [123.4, "123"],
    [0, "0"],
    [0.001234, "0.0012"],
    [12345, "12345"],
  ])("%d has three digits where it can: %s", (value, text) => {
    expect(threeDigits(value)).toBe(text);
  });
});

describe("domains", () => {
  test("are intervals whatever the values", () => {
    for (const values of [[], [2], [2, 2], [0], [NaN, null], [-3, -3], [1, 5]]) {
      for (const zero of [true, false]) {
        const [low, high] = domainOf(values, zero);
        expect(low).toBeLessThan(high);
        if (zero) expect(low <= 0 && high >= 0).toBe(true);
      }
    }
  });
});

describe("ticks at layers", () => {
  test("are whole steps that have room", () => {
    const layers = Array.from({length: 32}, (_, i) => i);
    expect(layerTicks(layers, 1000, frameOf())).toEqual(layers);
    expect(layerTicks(layers, 300, frameOf())).toEqual(layers.filter((layer) => layer % 5 === 0));
    expect(layerTicks([7], 300, frameOf())).toEqual([7]);
    expect(layerTicks([], 300, frameOf())).toEqual([]);
  });
});

describe("texts", () => {
  test("are cut to a width", () => {
    expect(shortened("utilitarianism", 200, 12)).toBe("utilitarianism");
    const cut = shortened("utilitarianism", 50, 12);
    expect(cut.endsWith("…")).toBe(true);
    expect(textWidth(cut, 12)).toBeLessThanOrEqual(50);
  });
});

describe("places of labels", () => {
  const bounds = {left: 0, right: 400, top: 0, bottom: 300};

  test("stay where nothing is in the way", () => {
    const boxes = [
      {x: 100, y: 50, width: 80, height: 16},
      {x: 100, y: 100, width: 80, height: 16},
    ];
    expect(placeLabels(boxes, bounds)).toEqual([
      {x: 100, y: 50},
      {x: 100, y: 100},
    ]);
  });

  test("do not cover each other, even for thirteen at one point, and stay inside", () => {
    const boxes = Array.from({length: 13}, (_, i) => ({x: 390, y: 5, width: 60 + 3 * i, height: 16}));
    const places = placeLabels(boxes, bounds);
    places.forEach((a, i) => {
      expect(a.x + boxes[i]!.width / 2).toBeLessThanOrEqual(400);
      expect(a.y - 8).toBeGreaterThanOrEqual(0);
      places.slice(i + 1).forEach((b, j) => {
        const apartX = Math.abs(a.x - b.x) >= (boxes[i]!.width + boxes[i + 1 + j]!.width) / 2 - 0.5;
        const apartY = Math.abs(a.y - b.y) >= 16 - 0.5;
        expect(apartX || apartY).toBe(true);
      });
    });
  });
});

describe("CSV", () => {
  test("quotes what would break it", () => {
    const table = {
      columns: ["a", "b,c"],
      rows: [
        ['say "hi"', null],
        ["two\nlines", NaN],
        ["plain", -1.5],
      ],
    };
    expect(toCsv(table)).toBe('a,"b,c"\n"say ""hi""",\n"two\nlines",\nplain,-1.5\n');
  });
});

describe("a chart as a file", () => {
  const data = {layers: [0, 1], samples: 1, values: [1, 2], fixedLayer: 1};

  test("has all that it needs, and nothing of a page", () => {
    const frame = frameOf();
    const chart = steerabilityByLayer(data, {...frame, colors: {...frame.colors, background: "var(--paper)"}});
    chart.setAttribute("style", "max-width: 100%");
    const svg = standaloneSvg(chart, "A & B <c>");
    expect(svg).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain("<title>A &amp; B &lt;c&gt;</title>");
    expect(svg).toContain("<desc>Mean steerability by layer");
    expect(svg).toContain('<rect fill="#ffffff" height="100%" width="100%"/>');
    expect(svg).toContain('color="#1a1a1a"');
    expect(svg).not.toContain("var(");
    expect(svg).not.toMatch(/<style|style=|class=/);
    expect(chart.getAttribute("style")).toBe("max-width: 100%"); // the page's own stays as it was
  });

  test("is XML with any text in it", () => {
    const chart = steerabilityByLayer(data, frameOf());
    const text = element(frameOf().document, "text", {"aria-label": '"<&\u0001>'});
    text.textContent = "]]> & </svg> \u0000 ‏ש";
    chart.append(text);
    const svg = standaloneSvg(chart, "t");
    expect(svg).toContain("]]&gt; &amp; &lt;/svg&gt; \ufffd ‏ש");
    expect(svg).toContain('aria-label="&quot;&lt;&amp;\ufffd&gt;"');
    expect(svg.match(/<\/svg>/g)).toHaveLength(1);
  });
});
