// Legends inside the SVG, so that a saved picture has its own.
import * as Plot from "@observablehq/plot";

import {element, fontSize, moveDrawing, textWidth} from "./frame.js";
import type {Chart, Frame} from "./types.js";

export interface LegendEntry {
  label: string;
  color: string;
  line?: boolean;
  /** As in stroke-dasharray. */
  dash?: string;
  strokeWidth?: number;
  symbol?: Plot.SymbolType;
  /** A closed path about the place that it begins at, instead of a symbol of Plot. */
  outline?: string;
  /** A filled rectangle of this opacity. */
  swatch?: number;
}

const keyWidth = 22;
const keyGap = 5;
const entryGap = 16;

interface PlacedEntry extends LegendEntry {
  x: number;
  y: number;
}

function rowHeight(frame: Frame): number {
  return Math.round(1.6 * fontSize(frame));
}

function place(entries: readonly LegendEntry[], frame: Frame, width: number): PlacedEntry[] {
  const placed: PlacedEntry[] = [];
  let [x, row] = [0, 0];
  for (const entry of entries) {
    const room = keyWidth + keyGap + textWidth(entry.label, fontSize(frame));
    if (x > 0 && x + room > width) [x, row] = [0, row + 1];
    placed.push({...entry, x, y: (row + 0.5) * rowHeight(frame)});
    x += room + entryGap;
  }
  return placed;
}

/** The room that a legend takes above a chart. */
export function legendHeight(entries: readonly LegendEntry[], frame: Frame): number {
  const last = place(entries, frame, frame.width).at(-1);
  return last ? last.y + rowHeight(frame) / 2 + 4 : 0;
}

/** Draws a legend in the top margin of a chart, `top` pixels from its upper edge. */
export function addLegend(chart: Chart, entries: readonly LegendEntry[], frame: Frame, top = 0): void {
  if (entries.length === 0) return;
  const placed = place(entries, frame, frame.width).map((entry) => ({...entry, y: entry.y + top}));
  const height = top + legendHeight(entries, frame);
  const middle = (entry: PlacedEntry): number => entry.x + keyWidth / 2;
  const drawn = Plot.plot({
    document: frame.document,
    width: frame.width,
    height,
    margin: 0,
    className: "chart",
    figure: false,
    axis: null,
    x: {type: "identity"},
    y: {type: "identity"},
    marks: [
      Plot.rect(
        placed.filter((entry) => entry.swatch !== undefined),
        {
          x1: (entry: PlacedEntry) => entry.x + 2,
          x2: (entry: PlacedEntry) => entry.x + keyWidth - 2,
          y1: (entry: PlacedEntry) => entry.y - 5,
          y2: (entry: PlacedEntry) => entry.y + 5,
          fill: (entry: PlacedEntry) => entry.color,
          fillOpacity: (entry: PlacedEntry) => entry.swatch,
        },
      ),
      ...placed
        .filter((entry) => entry.line)
        .map((entry) =>
          Plot.link([entry], {
            x1: entry.x,
            x2: entry.x + keyWidth,
            y1: entry.y,
            y2: entry.y,
            stroke: entry.color,
            strokeWidth: entry.strokeWidth ?? 2,
            strokeDasharray: entry.dash,
          }),
        ),
      ...placed
        .filter((entry) => entry.symbol !== undefined)
        .map((entry) => Plot.dot([entry], {x: middle, y: "y", symbol: entry.symbol!, fill: entry.color, r: 4})),
      Plot.text(placed, {
        x: (entry: PlacedEntry) => entry.x + keyWidth + keyGap,
        y: "y",
        text: "label",
        textAnchor: "start",
        fill: "currentColor",
      }),
    ],
    color: {type: "identity"},
    opacity: {type: "identity"},
  });
  const legend = element(frame.document, "g", {class: "legend", "aria-label": "legend"});
  moveDrawing(drawn, legend);
  for (const {x, y, color, outline} of placed) {
    if (outline === undefined) continue;
    legend.append(element(frame.document, "path", {d: `M${x + keyWidth / 2},${y}${outline}`, fill: color}));
  }
  chart.append(legend);
}
