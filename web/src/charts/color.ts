// Colours that keep apart for colour-blind readers and from white as well as from near-black: each of the palette's has a
// contrast of at least 3:1 on both.
import type {Palette} from "./types.js";

/** Blue, vermilion, green and purple of Okabe and Ito, and greys. */
export const palette: Palette = {
  fixed: "#d55e00",
  w2s: "#0072b2",
  optimum: "#009e73",
  random: "#808080",
  training: "#808080",
  heldOut: "#b5559a",
  highlight: "#b5559a",
  background: "white",
};

/** The symbol that goes with a colour, so that a picture in grey can be read as well. */
export const symbols = {fixed: "square", w2s: "circle", optimum: "triangle", random: "cross"} as const;

type Rgb = readonly [number, number, number];

// Cividis (Nuñez, Anderton, Renslow 2018), as polynomials in d3-scale-chromatic.
function cividis(t: number): Rgb {
  return [
    -4.54 - t * (35.34 - t * (2381.73 - t * (6402.7 - t * (7024.72 - t * 2710.57)))),
    32.49 + t * (170.73 + t * (52.82 - t * (131.46 - t * (176.58 - t * 67.37)))),
    81.24 + t * (442.36 - t * (2482.43 - t * (6167.24 - t * (6614.94 - t * 2475.67)))),
  ];
}

interface Lab {
  lightness: number;
  a: number;
  b: number;
}

function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}

function gamma(channel: number): number {
  return channel <= 0.0031308 ? channel * 12.92 : 1.055 * channel ** (1 / 2.4) - 0.055;
}

// Oklab (Ottosson 2020): equal steps in it look equal.
function fromOklab({lightness, a, b}: Lab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return rgb.map((channel) => 255 * gamma(Math.max(0, channel))) as unknown as Rgb;
}

function toOklab([red, green, blue]: Rgb): Lab {
  const [r, g, b] = [linear(red / 255), linear(green / 255), linear(blue / 255)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {
    lightness: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  };
}

// Orange for what is below zero, blue for what is above.
const below: readonly Rgb[] = [
  [247, 244, 239],
  [241, 163, 64],
  [127, 59, 8],
];
const above: readonly Rgb[] = [
  [247, 244, 239],
  [90, 160, 208],
  [8, 48, 107],
];

function between(stops: readonly Rgb[], t: number): Rgb {
  const position = t * (stops.length - 1);
  const first = Math.min(Math.floor(position), stops.length - 2);
  const [from, to] = [toOklab(stops[first]!), toOklab(stops[first + 1]!)];
  const share = position - first;
  return fromOklab({
    lightness: from.lightness + share * (to.lightness - from.lightness),
    a: from.a + share * (to.a - from.a),
    b: from.b + share * (to.b - from.b),
  });
}

function clamped(rgb: Rgb): [number, number, number] {
  return rgb.map((channel) => Math.round(Math.min(255, Math.max(0, channel)))) as [number, number, number];
}

/** From dark blue over grey to yellow; t of 0 to 1. */
export function sequential(t: number): [number, number, number] {
  return clamped(cividis(Math.min(1, Math.max(0, t))));
}

/** From orange (-1) over near-white (0) to blue (1). */
export function diverging(t: number): [number, number, number] {
  return clamped(t < 0 ? between(below, Math.min(1, -t)) : between(above, Math.min(1, t)));
}

export function css([red, green, blue]: readonly [number, number, number]): string {
  const hex = (channel: number): string => channel.toString(16).padStart(2, "0");
  return `#${hex(red)}${hex(green)}${hex(blue)}`;
}

/** A colour scale for values between two numbers: diverging about zero where some are well below it. */
export interface ValueColors {
  domain: [number, number];
  /** Red, green and blue, 0 to 255. */
  rgb(value: number): [number, number, number];
}

const negligible = 0.02;

export function valueColors(low: number, high: number): ValueColors {
  if (low < -negligible * Math.max(high, -low)) {
    const extreme = Math.max(-low, high);
    return {domain: [-extreme, extreme], rgb: (value) => diverging(value / extreme)};
  }
  const span = high > low ? high - low : 1;
  return {domain: [low, low + span], rgb: (value) => sequential((value - low) / span)};
}

/** WCAG's relative luminance of "#rrggbb". */
export function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => linear(Number.parseInt(color.slice(at, at + 2), 16) / 255));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** WCAG's contrast of two colours, 1 to 21. */
export function contrast(first: string, second: string): number {
  const [darker, lighter] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (lighter! + 0.05) / (darker! + 0.05);
}

/** Black or white: what text on a background is better read in. */
export function textColor(background: string): string {
  return contrast(background, "#ffffff") >= 4.5 ? "#ffffff" : "#000000";
}

// Hues far apart come next to each other, and neighbours in hue differ in lightness.
const hues = [250, 45, 155, 330, 90, 200, 15, 290, 120, 225, 68, 350, 178];
const categorySymbols = ["circle", "square", "triangle", "diamond", "cross", "triangle down", "times"] as const;

export type CategorySymbol = (typeof categorySymbols)[number];

export interface Category {
  color: string;
  symbol: CategorySymbol;
}

/** A colour and a symbol for the i-th of several groups; 13 differ in hue, 91 in hue or symbol. */
export function category(i: number): Category {
  const hue = (hues[i % hues.length]! * Math.PI) / 180;
  const lightness = i % 2 === 0 ? 0.55 : 0.63;
  const chroma = 0.13;
  return {
    color: css(clamped(fromOklab({lightness, a: chroma * Math.cos(hue), b: chroma * Math.sin(hue)}))),
    symbol: categorySymbols[i % categorySymbols.length]!,
  };
}
