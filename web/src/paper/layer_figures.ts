// Figures of layers: the lower half of the paper's Figure 1, and Supp. Figures 14 and 15.
import * as Plot from "@observablehq/plot";

import {addColorBar, colorBarHeight} from "../charts/color_bar.js";
import {category, css, diverging, type ValueColors} from "../charts/color.js";
import {
  domainOf,
  draw,
  element,
  fontSize,
  layerAxis,
  named,
  nameAxis,
  nameRoom,
  steerabilityLabel,
  valueAxis,
} from "../charts/frame.js";
import {addLegend, legendHeight, type LegendEntry} from "../charts/legend.js";
import {arrange, oneColumn, panelGrid, type Panel} from "../charts/panels.js";
import type {Chart, Frame} from "../charts/types.js";
import {
  byModelAndMethod,
  distinct,
  methodTitle,
  rowsOf,
  withNumbers,
  type PaperTable,
  type Part,
  type Row,
} from "./records.js";

interface LayerShare {
  behavior: string;
  layer: number;
  share: number;
  isFixed: boolean;
}

function layerShares(rows: readonly Row[]): LayerShare[] {
  return withNumbers(rows, "layer", "share").map(([row, layer, share]) => ({
    behavior: row.text("behavior"),
    layer,
    share,
    isFixed: (row.number("is_fixed") ?? 0) > 0,
  }));
}

function layersOf(rows: readonly {layer: number}[]): number[] {
  return [...new Set(rows.map(({layer}) => layer))].sort((a, b) => a - b);
}

function sharesPanel(
  {rows}: Part,
  behaviors: readonly string[],
  colors: ValueColors,
  room: number,
  frame: Frame,
): Chart {
  const shares = layerShares(rows);
  const layers = layersOf(shares);
  const marginTop = Math.round(2.2 * fontSize(frame));
  const marginBottom = 40;
  const place = {x: "layer", y: "behavior"};
  const fixed = shares.filter(({isFixed}) => isFixed);
  return draw(frame, "", {
    height: marginTop + marginBottom + behaviors.length * 20,
    marginTop,
    marginBottom,
    marginLeft: Math.max(room, 8),
    marginRight: 8,
    x: {...layerAxis(layers, frame.width - room - 16, frame), type: "band", domain: layers, padding: 0, round: false},
    y: nameAxis(behaviors, room, frame, 0.08),
    marks: [
      named("shares", Plot.cell(shares, {...place, fill: ({share}: LayerShare) => css(colors.rgb(share))})),
      named(
        "fixed layers",
        Plot.dot(fixed, {
          ...place,
          symbol: "square",
          fill: frame.colors.fixed,
          stroke: "#ffffff",
          strokeWidth: 1,
          r: 4,
        }),
      ),
    ],
    color: {type: "identity"},
  });
}

/** How the best layers of samples are spread. */
export function bestLayerShares(table: PaperTable, frame: Frame): Chart {
  const rows = rowsOf(table);
  const behaviors = distinct(rows, "behavior");
  const parts = byModelAndMethod(rows);
  const most = layerShares(rows).reduce((top, {share}) => Math.max(top, share), 0) || 1;
  const colors: ValueColors = {domain: [0, most], rgb: (share) => diverging(share / most)};
  const entries: LegendEntry[] = [{label: "fixed layer", color: frame.colors.fixed, symbol: "square"}];
  const bar = colorBarHeight(frame);
  const room = nameRoom(behaviors, frame);
  const grid = panelGrid(frame, parts.length, room, 360);
  const panels = parts.map((part, i): Panel => {
    const isFirst = i % grid.columns === 0;
    const panel = {...frame, width: grid.widths[isFirst ? 0 : 1]};
    return {title: part.title, chart: sharesPanel(part, behaviors, colors, isFirst ? room : 0, panel)};
  });
  const chart = arrange(frame, table.title, panels, grid, bar + legendHeight(entries, frame));
  addColorBar(chart, {colors, label: "share of samples whose best layer it is"}, frame, 0);
  addLegend(chart, entries, frame, bar);
  return chart;
}

interface LayerMean {
  method: string;
  layer: number;
  steerability: number;
}

function layerMeansOf(rows: readonly Row[]): LayerMean[] {
  return withNumbers(rows, "layer", "steerability").map(([row, layer, steerability]) => ({
    method: row.text("method"),
    layer,
    steerability,
  }));
}

const dashes = ["", "6 3", "2 3", "8 3 2 3"];
const lineSymbols = ["circle", "square", "diamond", "triangle"] as const;

type LineLook = Required<Pick<LegendEntry, "color" | "dash" | "symbol">>;

function lineLook(i: number): LineLook {
  return {
    color: category(i).color,
    dash: dashes[i % dashes.length]!,
    symbol: lineSymbols[i % lineSymbols.length]!,
  };
}

function highest(means: readonly LayerMean[]): LayerMean[] {
  return means.toSorted((a, b) => b.steerability - a.steerability).slice(0, 1);
}

function layerMeansPanel(means: readonly LayerMean[], methods: readonly string[], frame: Frame): Chart {
  const layers = layersOf(means);
  const values = means.map(({steerability}) => steerability);
  const at = {x: "layer", y: "steerability"};
  const lines = methods.flatMap((method, i) => {
    const own = means.filter((row) => row.method === method);
    const {color, dash, symbol} = lineLook(i);
    return [
      named(
        method,
        Plot.lineY(own, {...at, stroke: color, strokeDasharray: dash === "" ? undefined : dash, strokeWidth: 1.8}),
      ),
      named(`highest of ${method}`, Plot.dot(highest(own), {...at, symbol, fill: color, r: 4})),
    ];
  });
  return draw(frame, "", {
    height: 150,
    marginTop: 24,
    marginBottom: 24,
    marginLeft: 40,
    marginRight: 8,
    x: {...layerAxis(layers, frame.width - 60, frame), domain: domainOf(layers), label: null},
    y: {...valueAxis(domainOf(values, true)), ticks: 4},
    marks: [Plot.ruleY([0], {strokeOpacity: 0.6}), ...lines],
  });
}

function heading(content: string, top: number, frame: Frame): SVGTextElement {
  const size = fontSize(frame);
  const attributes = {x: 4, y: top + size, "text-anchor": "start", "font-size": size, fill: "currentColor"};
  return element(frame.document, "text", attributes, content);
}

/** Mean steerability by layer: a panel for each behaviour, a line for each method; models below each other. */
export function layerMeans(table: PaperTable, frame: Frame): Chart {
  const rows = rowsOf(table);
  const methods = distinct(rows, "method");
  const models = distinct(rows, "model");
  const entries = methods.map((method, i): LegendEntry => ({label: methodTitle(method), line: true, ...lineLook(i)}));
  const grid = panelGrid(frame, 4, 0, 170);
  const small: Frame = {...frame, width: grid.widths[0], fontSize: fontSize(frame) - 1};
  const lineHeight = Math.round(1.7 * fontSize(frame));
  const parts = models.map((model): Panel => {
    const ofModel = rows.filter((row) => row.text("model") === model);
    const panels = distinct(ofModel, "behavior").map((behavior): Panel => {
      const means = layerMeansOf(ofModel.filter((row) => row.text("behavior") === behavior));
      return {title: behavior, chart: layerMeansPanel(means, methods, small)};
    });
    const chart = arrange({...small, width: frame.width}, model, panels, grid, lineHeight, "layer");
    if (models.length > 1) {
      const name = heading(model, 0, frame);
      name.setAttribute("font-weight", "bold");
      chart.append(name);
    }
    return {chart};
  });
  const top = legendHeight(entries, frame);
  const chart = arrange(frame, table.title, parts, oneColumn(frame), top + lineHeight);
  chart.append(heading(`${steerabilityLabel}; the highest of each line is marked`, top, frame));
  addLegend(chart, entries, frame);
  return chart;
}
