// The map of samples and layers: where each sample is steered best.
import * as Plot from "@observablehq/plot";

import {valueColors, type ValueColors} from "./color.js";
import {addColorBar, colorBarHeight} from "./color_bar.js";
import {axisTitle, draw, element, isNumber, layerAxis, margins, numberOrNull, steerabilityLabel} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import {pngUrl} from "./png.js";
import type {Chart, Frame, SampleMapData, Table} from "./types.js";

const orderNames: Record<SampleMapData["order"], string> = {
  best: "by best layer",
  gain: "by gain of the best layer over the fixed one",
  file: "in the order of the file",
  predicted: "by predicted layer",
};

function gainOf({layers, values, fixedLayer, best}: SampleMapData, sample: number): number {
  const at = (layer: number): number => values[sample * layers.length + layers.indexOf(layer)] ?? NaN;
  const gain = at(best[sample]!) - at(fixedLayer);
  return Number.isFinite(gain) ? gain : -Infinity;
}

/** Sample by row, from the top. */
export function sampleOrder(data: SampleMapData): number[] {
  const rows = Array.from({length: data.samples}, (_, sample) => sample);
  if (data.order === "file") return rows;
  const gains = rows.map((sample) => gainOf(data, sample));
  const none = Infinity; // last
  const key = {
    best: (sample: number) => data.best[sample] ?? none,
    predicted: (sample: number) => data.predicted?.[sample] ?? none,
    gain: () => 0,
  }[data.order];
  return rows.sort((a, b) => compare(key(a), key(b)) || compare(gains[b]!, gains[a]!) || a - b);
}

// Infinity minus Infinity is no number.
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const shades = 254;
const missing = 255;

function raster(data: SampleMapData, order: readonly number[], {domain, rgb}: ValueColors): string {
  const [low, high] = domain;
  const columns = data.layers.length;
  const pixels = new Uint8Array(order.length * columns);
  order.forEach((sample, row) => {
    for (let column = 0; column < columns; ++column) {
      const value = data.values[sample * columns + column];
      const share = isNumber(value) ? Math.min(1, Math.max(0, (value - low) / (high - low))) : NaN;
      pixels[row * columns + column] = Number.isNaN(share) ? missing : Math.round(shades * share);
    }
  });
  const colors = Array.from({length: shades + 1}, (_, i) => rgb(low + (i / shades) * (high - low)));
  return pngUrl(pixels, columns, order.length, [...colors, [128, 128, 128]]);
}

// Values beyond these quantiles have the colour of the scale's end, so that a few extreme samples do not take the
// colours from all others.
const shownShare = {low: 0.005, high: 0.995, fromCells: 200};

interface Shown {
  colors: ValueColors;
  clamped: {low: boolean; high: boolean};
}

function shownColors(values: ArrayLike<number>): Shown {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return {colors: valueColors(0, 1), clamped: {low: false, high: false}};
  const [lowest, highest] = [sorted[0]!, sorted[sorted.length - 1]!];
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const isLarge = sorted.length >= shownShare.fromCells;
  const colors = valueColors(isLarge ? at(shownShare.low) : lowest, isLarge ? at(shownShare.high) : highest);
  return {colors, clamped: {low: lowest < colors.domain[0], high: highest > colors.domain[1]}};
}

interface Grid {
  left: number;
  top: number;
  column: number;
  row: number;
  columns: number;
  rows: number;
}

function gridOf(data: SampleMapData, chart: Pick<Chart, "scale">): Grid | null {
  const x = chart.scale("x");
  const y = chart.scale("y");
  if (!x?.range || !y?.range || data.samples === 0 || data.layers.length === 0) return null;
  const [left, right] = x.range as [number, number];
  const [bottom, top] = y.range as [number, number];
  return {
    left,
    top,
    column: (right - left) / data.layers.length,
    row: (bottom - top) / data.samples,
    columns: data.layers.length,
    rows: data.samples,
  };
}

/** What lies at a point of the map. */
export function cellAt(
  data: SampleMapData,
  chart: Chart,
  x: number,
  y: number,
): {row: number; sample: number; layer: number} | null {
  const grid = gridOf(data, chart);
  if (!grid) return null;
  const column = Math.floor((x - grid.left) / grid.column);
  const row = Math.floor((y - grid.top) / grid.row);
  if (column < 0 || column >= grid.columns || row < 0 || row >= grid.rows) return null;
  return {row, sample: sampleOrder(data)[row]!, layer: data.layers[column]!};
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

// A mark in the left part of its cell, another one in the right part: both are seen where they agree.
function cellMarks(grid: Grid, layers: readonly number[], chosen: readonly (number | null)[], side: -1 | 1): string {
  const size = Math.min(9, 0.34 * grid.column);
  const height = grid.row >= 6 ? Math.min(grid.row - 2, 9) : grid.row;
  return chosen
    .map((layer, row) => {
      const column = layer === null ? -1 : layers.indexOf(layer);
      if (column < 0) return "";
      const x = grid.left + (column + 0.5 + side * 0.22) * grid.column;
      const y = grid.top + (row + 0.5) * grid.row;
      const [left, top, w, h] = [x - size / 2, y - height / 2, size, height].map(round);
      return grid.row >= 6 && side < 0
        ? `M${left},${round(top! + h!)}h${w}L${round(x)},${top}Z`
        : `M${left},${top}h${w}v${h}h${-w!}Z`;
    })
    .join("");
}

function addOutlined(parent: Element, frame: Frame, name: string, d: string, inside: string, outside: string): void {
  if (d === "") return;
  const outline = {d, fill: "none", stroke: outside, "stroke-width": 1.6, "stroke-linejoin": "round"};
  parent.append(
    element(
      frame.document,
      "g",
      {"aria-label": name},
      element(frame.document, "path", outline),
      element(frame.document, "path", {d, fill: inside}),
    ),
  );
}

const rowHeight = {most: 16, chartLeast: 60, chartMost: 600};

/** 2. Steerability of each sample (rows) at each layer (columns). */
export function sampleMap(data: SampleMapData, frame: Frame): Chart {
  const {layers, samples, fixedLayer, best, predicted} = data;
  const order = sampleOrder(data);
  const {colors, clamped} = shownColors(data.values);
  const entries: LegendEntry[] = [
    {label: "best layer", color: "currentColor", symbol: "triangle"},
    ...(predicted ? [{label: "predicted layer", color: "currentColor", symbol: "square"} as const] : []),
    {label: `fixed layer ${fixedLayer}`, color: "currentColor", line: true, dash: "5 3"},
  ];
  const legend = legendHeight(entries, frame);
  const marginTop = legend + colorBarHeight(frame) + 26;
  const rowsHeight = Math.min(rowHeight.chartMost, Math.max(rowHeight.chartLeast, samples * rowHeight.most));
  const right = predicted ? order.filter((sample) => predicted[sample] === best[sample]).length : 0;
  const chart = draw(
    frame,
    `Steerability of ${samples} samples at ${layers.length} layers, ${orderNames[data.order]}` +
      (predicted ? `; the best layer is predicted for ${right} of them.` : "."),
    {
      height: frame.height ?? marginTop + rowsHeight + margins.marginBottom,
      marginTop,
      ...margins,
      x: {
        ...layerAxis(layers, frame.width - margins.marginLeft - margins.marginRight, frame),
        type: "band",
        domain: layers,
        padding: 0,
        round: false,
      },
      y: {
        domain: [samples, 0],
        label: null,
        ticks: Math.min(6, samples),
        tickFormat: String,
      },
      marks: [
        axisTitle(`samples, ${orderNames[data.order]}`, margins.marginLeft),
        Plot.frame({strokeOpacity: 0.3, inset: -0.5}),
      ],
    },
  );
  const grid = gridOf(data, chart);
  if (grid) addCells(chart, data, order, grid, colors, frame);
  addLegend(chart, entries, frame);
  addColorBar(chart, {colors, clamped, label: steerabilityLabel}, frame, legend);
  return chart;
}

function addCells(
  chart: Chart,
  data: SampleMapData,
  order: readonly number[],
  grid: Grid,
  colors: ValueColors,
  frame: Frame,
): void {
  const {layers, fixedLayer, best, predicted} = data;
  const [width, height] = [grid.column * grid.columns, grid.row * grid.rows];
  const cells = element(frame.document, "g", {"aria-label": "cells"});
  cells.append(
    element(frame.document, "image", {
      x: grid.left,
      y: grid.top,
      width,
      height,
      preserveAspectRatio: "none",
      "image-rendering": "pixelated",
      href: raster(data, order, colors),
    }),
  );
  const fixedColumn = layers.indexOf(fixedLayer);
  if (fixedColumn >= 0) {
    const x = round(grid.left + fixedColumn * grid.column);
    const d = [x, round(x + grid.column)].map((at) => `M${at},${grid.top}v${height}`).join("");
    cells.append(
      element(frame.document, "path", {d, stroke: "#ffffff", "stroke-width": 2.4}),
      element(frame.document, "path", {
        d,
        stroke: "#000000",
        "stroke-width": 1.4,
        "stroke-dasharray": "5 3",
        "aria-label": "fixed layer",
      }),
    );
  }
  const inRows = (chosen: readonly (number | null)[]): (number | null)[] =>
    order.map((sample) => chosen[sample] ?? null);
  addOutlined(cells, frame, "best layer", cellMarks(grid, layers, inRows(best), -1), "#ffffff", "#000000");
  if (predicted) {
    addOutlined(cells, frame, "predicted layer", cellMarks(grid, layers, inRows(predicted), 1), "#000000", "#ffffff");
  }
  chart.append(cells);
}

/** A row a sample, in the chart's order, with its steerability at each layer. */
export function sampleMapTable(data: SampleMapData): Table {
  const {layers, values, best, predicted, fixedLayer, ids} = data;
  return {
    columns: ["sample", "best layer", "predicted layer", "fixed layer", ...layers.map((layer) => `layer ${layer}`)],
    rows: sampleOrder(data).map((sample) => [
      ids?.[sample] ?? sample,
      best[sample] ?? null,
      predicted?.[sample] ?? null,
      fixedLayer,
      ...layers.map((_, i) => numberOrNull(values[sample * layers.length + i])),
    ]),
  };
}
