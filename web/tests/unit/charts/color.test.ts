import {describe, expect, test} from "vitest";

import {
  category,
  contrast,
  css,
  diverging,
  luminance,
  palette,
  sequential,
  valueColors,
} from "../../../src/charts/index.js";

const [white, nearBlack] = ["#ffffff", "#14171a"];

// Viénot, Brettel and Mollon 1999, on linear RGB.
const dichromats = {
  protanopia: [0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1],
  deuteranopia: [0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1],
};

function linear(color: string): number[] {
  return [1, 3, 5].map((at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
}

function seen(color: string, matrix: readonly number[]): number[] {
  const rgb = linear(color);
  return [0, 3, 6].map(
    (row) =>
      Math.max(
        0,
        rgb.reduce((sum, channel, i) => sum + channel * matrix[row + i]!, 0),
      ) **
      (1 / 2.2),
  );
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

describe("the palette", () => {
  const {background: _, ...colors} = palette;

  test.each(Object.entries(colors))("%s stands out from white and from near-black", (_name, color) => {
    expect(contrast(color, white)).toBeGreaterThanOrEqual(3);
    expect(contrast(color, nearBlack)).toBeGreaterThanOrEqual(3);
  });

  test.each(Object.entries(dichromats))("keeps policies apart with %s", (_name, matrix) => {
    const policies = [palette.fixed, palette.w2s, palette.optimum].map((color) => seen(color, matrix));
    expect(distance(policies[0]!, policies[1]!)).toBeGreaterThan(0.2);
    expect(distance(policies[0]!, policies[2]!)).toBeGreaterThan(0.2);
    expect(distance(policies[1]!, policies[2]!)).toBeGreaterThan(0.2);
  });

  test("measures contrast as WCAG does", () => {
    expect(contrast("#000000", white)).toBeCloseTo(21, 5);
    expect(contrast("#767676", white)).toBeCloseTo(4.54, 2);
  });
});

describe("categories", () => {
  const behaviors = Array.from({length: 13}, (_, i) => category(i));

  test("stand out from white and from near-black", () => {
    for (const {color} of behaviors) {
      expect(contrast(color, white)).toBeGreaterThanOrEqual(3);
      expect(contrast(color, nearBlack)).toBeGreaterThanOrEqual(3);
    }
  });

  test("are thirteen colours, and differ in colour or symbol beyond", () => {
    expect(new Set(behaviors.map(({color}) => color)).size).toBe(13);
    const many = Array.from({length: 91}, (_, i) => category(i));
    expect(new Set(many.map(({color, symbol}) => `${color} ${symbol}`)).size).toBe(91);
  });
});

describe("scales", () => {
  const steps = Array.from({length: 21}, (_, i) => i / 20);

  test("get lighter along the sequential one, without a jump", () => {
    const lightness = steps.map((t) => luminance(css(sequential(t))) ** (1 / 3));
    const differences = lightness.slice(1).map((value, i) => value - lightness[i]!);
    expect(Math.min(...differences)).toBeGreaterThan(0);
    expect(Math.max(...differences)).toBeLessThan(2.5 * Math.min(...differences));
  });

  test("get darker from zero to both sides of the diverging one, in different hues", () => {
    for (const sign of [-1, 1]) {
      const lightness = steps.map((t) => luminance(css(diverging(sign * t))));
      lightness.slice(1).forEach((value, i) => expect(value).toBeLessThan(lightness[i]!));
    }
    const [red, , blue] = diverging(-0.6);
    expect(red).toBeGreaterThan(blue);
    expect(diverging(0.6)[2]).toBeGreaterThan(diverging(0.6)[0]);
  });

  test("diverge about zero only where values are below it", () => {
    expect(valueColors(-1, 3).domain).toEqual([-3, 3]);
    expect(valueColors(-1, 3).rgb(0)).toEqual(diverging(0));
    expect(valueColors(0.5, 3).domain).toEqual([0.5, 3]);
    expect(valueColors(-1e-6, 3).rgb(3)).toEqual(sequential(1));
    expect(valueColors(-4, -1).domain).toEqual([-4, 4]);
  });

  test("have a domain where all values are equal", () => {
    for (const value of [0, 2, -2]) {
      const {domain, rgb} = valueColors(value, value);
      expect(domain[1]).toBeGreaterThan(domain[0]);
      for (const channel of rgb(value)) expect(Number.isFinite(channel)).toBe(true);
    }
  });
});
