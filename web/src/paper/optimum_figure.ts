// What each sample's best layer gains over the fixed one: the paper's Figure 1.
import * as Plot from "@observablehq/plot";

import {symbols} from "../charts/color.js";
import {domainOf, draw, fontSize, horizontalAxis, isNumber, named, nameAxis, nameRoom, short} from "../charts/frame.js";
import {addLegend, legendHeight, type LegendEntry} from "../charts/legend.js";
import {arrange, panelGap, type Panel} from "../charts/panels.js";
import type {Chart, Frame} from "../charts/types.js";
import {byModelAndMethod, distinct, rowsOf, type PaperTable, type Part, type Row} from "./records.js";

const meanBehavior = "mean";

function percent(value: number): string {
  return `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(0)} %`;
}

interface Optimum {
  behavior: string;
  gain: number | null;
  low: number | null;
  median: number | null;
  high: number | null;
  distance: number | null;
}

function optimumOf(row: Row): Optimum {
  return {
    behavior: row.text("behavior"),
    gain: row.number("gain"),
    low: row.number("gain_lower_quartile"),
    median: row.number("gain_median"),
    high: row.number("gain_upper_quartile"),
    distance: row.number("distance_from_fixed"),
  };
}

function optimumPanel(
  optima: readonly Optimum[],
  behaviors: readonly string[],
  x: {domain: [number, number]; label: string},
  marks: Plot.Markish[],
  room: number,
  frame: Frame,
): Chart {
  const marginTop = Math.round(2.4 * fontSize(frame));
  const marginBottom = Math.round(3.7 * fontSize(frame));
  return draw(frame, "", {
    height: marginTop + marginBottom + behaviors.length * 20,
    marginTop,
    marginBottom,
    marginLeft: Math.max(room, 8),
    marginRight: 12,
    x: horizontalAxis(x.domain, x.label, frame.width - room, frame),
    y: nameAxis(behaviors, room, frame, 0.15),
    marks: [
      Plot.ruleX([0], {strokeOpacity: 0.6}),
      // The mean is of another kind than what is above it.
      Plot.barX(
        optima.filter(({behavior}) => behavior === meanBehavior),
        {y: "behavior", x1: x.domain[0], x2: x.domain[1], fill: "currentColor", fillOpacity: 0.07},
      ),
      ...marks,
    ],
  });
}

/** "CAA: mean +21 %, paper +55 %" */
function summaryOf(part: Part, column: string, format: (value: number) => string): string {
  const mean = part.rows.find((row) => row.text("behavior") === meanBehavior);
  const own = mean?.number(column) ?? null;
  const paper = mean?.number(`paper_${column}`) ?? null;
  const told = [own === null ? "" : `mean ${format(own)}`, paper === null ? "" : `paper ${format(paper)}`];
  const text = told.filter((piece) => piece !== "").join(", ");
  return text === "" ? part.title : `${part.title}: ${text}`;
}

function gainMarks(optima: readonly Optimum[], color: string): Plot.Markish[] {
  const withQuartiles = optima.filter(({low, high}) => isNumber(low) && isNumber(high));
  const y = "behavior";
  return [
    named("quartiles", Plot.barX(withQuartiles, {y, x1: "low", x2: "high", fill: color, fillOpacity: 0.3})),
    named("median", Plot.dot(withQuartiles, {y, x: "median", fill: color, r: 2.5})),
    named("gain", Plot.dot(optima, {y, x: "gain", fill: color, symbol: symbols.optimum, r: 4.5})),
  ];
}

function distanceMarks(optima: readonly Optimum[], color: string): Plot.Markish[] {
  const known = optima.filter(({distance}) => isNumber(distance));
  const y = "behavior";
  return [
    Plot.link(known, {y, x1: 0, x2: "distance", stroke: color, strokeWidth: 2}),
    named("distance", Plot.dot(known, {y, x: "distance", fill: color, symbol: "diamond", r: 4.5})),
  ];
}

/** What the best layer of each sample gains over the fixed layer, and how far it lies from it. */
export function optimum(table: PaperTable, frame: Frame): Chart {
  const {colors} = frame;
  const rows = rowsOf(table);
  const behaviors = distinct(rows, "behavior");
  const all = rows.map(optimumOf);
  const reach = all.flatMap(({gain, low, high}) => [gain, low, high]);
  const gain = {domain: domainOf(reach, true), label: "gain in steerability over the fixed layer"};
  const lengths = all.map((row) => row.distance);
  const distance = {domain: domainOf(lengths, true), label: "distance from the fixed layer (layers)"};
  const entries: LegendEntry[] = [
    {label: "mean gain", color: colors.optimum, symbol: symbols.optimum},
    {label: "quartiles of the samples' gains", color: colors.optimum, swatch: 0.3},
    {label: "median", color: colors.optimum, symbol: "circle"},
    {label: "mean distance", color: colors.w2s, symbol: "diamond"},
  ];
  const room = nameRoom(behaviors, frame);
  const inner = frame.width - room - panelGap;
  const widths: [number, number] = [Math.round(room + inner * 0.6), Math.round(inner * 0.4)];
  const [left, right] = widths.map((width) => ({...frame, width})) as [Frame, Frame];
  const panels = byModelAndMethod(rows).flatMap((part): Panel[] => {
    const optima = part.rows.map(optimumOf);
    const gains = optimumPanel(optima, behaviors, gain, gainMarks(optima, colors.optimum), room, left);
    const distances = optimumPanel(optima, behaviors, distance, distanceMarks(optima, colors.w2s), 0, right);
    return [
      {title: summaryOf(part, "gain_percent", percent), chart: gains},
      {title: summaryOf(part, "distance_from_fixed", (layers) => `${short(layers)} layers`), chart: distances},
    ];
  });
  const chart = arrange(frame, table.title, panels, {columns: 2, widths}, legendHeight(entries, frame) + 4);
  addLegend(chart, entries, frame);
  return chart;
}
