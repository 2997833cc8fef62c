// What all charts share: fonts, numbers, axes, labels.
import * as Plot from "@observablehq/plot";

import type {Chart, Frame} from "./types.js";

export const steerabilityLabel = "steerability (logits per unit of multiplier)";
export const proportionLabel = "proportion of steerable samples";

/** Of charts with one vertical axis of numbers. */
export const margins = {marginLeft: 52, marginRight: 14, marginBottom: 42};

export const svgNamespace = "http://www.w3.org/2000/svg";

export function fontSize(frame: Frame): number {
  return frame.fontSize ?? 12;
}

/** Width of a text in pixels, near enough to place labels: no browser is asked. */
export function textWidth(text: string, size: number): number {
  let ems = 0;
  for (const letter of text) {
    if (/[ijl.,:;'|!()[\] ]/.test(letter)) ems += 0.33;
    else if (/[ftr-]/.test(letter)) ems += 0.41;
    else if (/[mwMW@%−+]/.test(letter)) ems += 0.88;
    else if (/[A-Z]/.test(letter)) ems += 0.7;
    else ems += 0.63;
  }
  return ems * size;
}

/** The room that the longest of some labels needs. */
export function labelRoom(labels: readonly string[], frame: Frame): number {
  return Math.ceil(labels.reduce((room, label) => Math.max(room, textWidth(label, fontSize(frame))), 0));
}

/** Cut to a width, with an ellipsis. */
export function shortened(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size) > width) letters.pop();
  return `${letters.join("")}…`;
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Null for what is no number: JSON, CSV and tables have no NaN. */
export function numberOrNull(value: number | null | undefined): number | null {
  return isNumber(value) ? value : null;
}

/** A number with about three digits and a true minus sign, for labels. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (size === 0) return "0";
  let text: string;
  if (size >= 1e5 || size < 1e-3) text = value.toExponential(1).replace("e+", "e");
  else if (size >= 100) text = value.toFixed(0);
  else text = String(Number(value.toPrecision(size >= 1 ? 3 : 2)));
  return text.replaceAll("-", "−");
}

/** As `short`, with the zeros at the end: numbers that stand beside each other have as many digits. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  return size >= 0.01 && size < 999.5 ? value.toPrecision(3).replace("-", "−") : short(value);
}

export function extent(values: Iterable<number | null | undefined>): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!isNumber(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** A domain that is an interval even when all values are equal, or there are none. */
export function domainOf(values: Iterable<number | null | undefined>, includesZero = false): [number, number] {
  const found = extent(values) ?? [0, 1];
  let [low, high] = includesZero ? [Math.min(0, found[0]), Math.max(0, found[1])] : found;
  if (low === high) {
    const room = Math.abs(low) / 2 || 1;
    low -= includesZero && low === 0 ? 0 : room;
    high += room;
  }
  return [low, high];
}

/** Ticks at whole layers, as many as there is room for. */
export function layerTicks(layers: readonly number[], width: number, frame: Frame): number[] {
  if (layers.length === 0) return [];
  const room = textWidth(String(layers[layers.length - 1]), fontSize(frame)) + 10;
  const count = Math.max(1, Math.floor(width / room));
  const span = layers[layers.length - 1]! - layers[0]! + 1;
  const step = [1, 2, 5, 10, 20, 50, 100].find((candidate) => span / candidate <= count) ?? span;
  return layers.filter((layer) => layer % step === 0);
}

export function countTicks(width: number, frame: Frame): number {
  return Math.max(2, Math.min(10, Math.floor(width / (5 * fontSize(frame)))));
}

/** Draws with Plot what `options` say; `label` is one sentence for people who cannot see it. */
export function draw(frame: Frame, label: string, options: Plot.PlotOptions): Chart {
  const chart = Plot.plot({
    document: frame.document,
    width: frame.width,
    className: "chart",
    figure: false,
    ariaLabel: label,
    ...options,
  }) as unknown as Chart;
  chart.setAttribute("role", "img");
  chart.setAttribute("font-size", String(fontSize(frame)));
  chart.setAttribute("font-family", frame.fontFamily ?? "system-ui, sans-serif");
  return chart;
}

/** The label below the middle of a horizontal axis. */
export const centered = {labelArrow: "none", labelAnchor: "center"} as const;

export function layerAxis(layers: readonly number[], width: number, frame: Frame): Plot.ScaleOptions {
  return {label: "layer", ...centered, ticks: layerTicks(layers, width, frame), tickFormat: String};
}

export function horizontalAxis(
  domain: [number, number],
  label: string | null,
  width: number,
  frame: Frame,
): Plot.ScaleOptions {
  return {domain, nice: true, grid: true, label, ...centered, ticks: countTicks(width, frame), tickFormat: short};
}

/** Names on the left are as wide as they need, but for a third of the chart. */
export function nameRoom(names: readonly string[], frame: Frame): number {
  return Math.min(labelRoom(names, frame) + 10, Math.round(frame.width / 3));
}

export function nameFormat(room: number, frame: Frame): (name: string) => string {
  return (name) => shortened(name, room - 8, fontSize(frame));
}

/** Names on the left, in a room of that width; without any where another panel beside has them. */
export function nameAxis(names: readonly string[], room: number, frame: Frame, padding = 0): Plot.ScaleOptions {
  return {
    type: "band",
    domain: names,
    label: null,
    axis: room > 0 ? "left" : null,
    tickSize: 0,
    tickFormat: nameFormat(room, frame),
    padding,
  };
}

/** A domain with room above its highest value, for a number there. */
export function withHeadroom([low, high]: [number, number]): [number, number] {
  return [low, high + 0.1 * (high - low)];
}

/** A vertical axis of numbers; `axisTitle` is its label. */
export function valueAxis(domain: [number, number]): Plot.ScaleOptions {
  return {domain, nice: true, grid: true, label: null, ticks: 6, tickFormat: short};
}

/** The label of a vertical axis, above its upper end: there is room for a whole phrase, as there is not beside it. */
export function axisTitle(label: string, marginLeft: number, above = 9): Plot.Markish {
  return named(
    "axis title",
    Plot.text([label], {
      text: (text: string) => text,
      frameAnchor: "top-left",
      lineAnchor: "bottom",
      textAnchor: "start",
      dx: 3 - marginLeft,
      dy: -above,
      fill: "currentColor",
    }),
  );
}

/** A mark whose group has a name of its own in the SVG, for people who listen to it, and for tests. */
export function named<AnyMark extends object>(name: string, mark: AnyMark): AnyMark {
  return Object.assign(mark, {ariaLabel: name});
}

/** Numbers at the ends of vertical bars. */
export function valueLabels<Row extends {value: number}>(
  rows: readonly Row[],
  at: {x: string; y: string},
  frame: Frame,
): Plot.Markish[] {
  const text = (row: Row): string => threeDigits(row.value);
  const halo = {stroke: frame.colors.background, strokeWidth: 3, fill: "currentColor"};
  return [
    Plot.text(
      rows.filter(({value}) => value >= 0),
      {...at, ...halo, text, dy: -4, lineAnchor: "bottom"},
    ),
    Plot.text(
      rows.filter(({value}) => value < 0),
      {...at, ...halo, text, dy: 4, lineAnchor: "top"},
    ),
  ];
}

/** Moves what is drawn in a chart elsewhere; its style sheet stays. */
export function moveDrawing(from: Element, to: Element): void {
  to.append(...Array.from(from.children).filter((child) => child.localName !== "style"));
}

export function element<Name extends keyof SVGElementTagNameMap>(
  document: Document,
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  const created = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  created.append(...children);
  return created;
}
