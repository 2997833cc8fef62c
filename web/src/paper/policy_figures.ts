// Figures of policies by behaviour: the paper's Figures 3 and 4, and Supp. Figures 1 to 8, 16 to 22.
import {barPanels, type Bar, type BarSeries} from "../charts/bars.js";
import {symbols} from "../charts/color.js";
import {domainOf, proportionLabel, steerabilityLabel} from "../charts/frame.js";
import {arrange, oneColumn} from "../charts/panels.js";
import type {Chart, Frame} from "../charts/types.js";
import {byModelAndMethod, distinct, rowsOf, type PaperTable, type Row} from "./records.js";

interface SeriesFigure {
  /** Column that names a row's series. */
  key: string;
  measure: string;
  xLabel: string;
  /** All proportions and accuracies have the same axis. */
  isShare: boolean;
  series: (frame: Frame) => BarSeries[];
  mark: "bars" | "dots";
}

const whiskersLabel = "± standard deviation";

function whisker(row: Row, measure: string): {low: number; high: number} | undefined {
  const value = row.number(measure);
  const sd = row.number(`${measure}_sd`);
  return value !== null && sd !== null && sd > 0 ? {low: value - sd, high: value + sd} : undefined;
}

function panels(table: PaperTable, figure: SeriesFigure, frame: Frame): Chart {
  const rows = rowsOf(table);
  const all = figure.series(frame);
  const present = new Set(distinct(rows, figure.key));
  const series = all.filter(({name}) => present.has(name));
  const shown = byModelAndMethod(rows).map(({title, rows: part}) => ({
    title,
    bars: part
      .filter((row) => series.some(({name}) => name === row.text(figure.key)))
      .map((row): Bar => ({
        behavior: row.text("behavior"),
        series: row.text(figure.key),
        value: row.number(figure.measure),
        ...whisker(row, figure.measure),
      })),
  }));
  const bars = shown.flatMap((panel) => panel.bars);
  return barPanels(
    {
      label: table.title,
      behaviors: distinct(rows, "behavior"),
      series,
      panels: shown,
      xLabel: figure.xLabel,
      domain: figure.isShare
        ? [0, 1]
        : domainOf(
            bars.flatMap(({value, low, high}) => [value, low, high]),
            true,
          ),
      whiskers: bars.some(({low}) => low !== undefined) ? whiskersLabel : undefined,
      mark: figure.mark,
    },
    frame,
  );
}

function policySeries({colors}: Frame): BarSeries[] {
  return [
    {name: "fixed", label: "fixed layer", color: colors.fixed, symbol: symbols.fixed},
    {name: "w2s-top1", label: "W2S", color: colors.w2s, symbol: symbols.w2s},
  ];
}

function smoothingSeries({colors}: Frame): BarSeries[] {
  return [
    {name: "fixed", label: "fixed layer", color: colors.fixed, symbol: symbols.fixed},
    {name: "w2s-top1", label: "W2S, Top-1", color: "#5aa9dd", symbol: "circle"},
    {name: "w2s-top2", label: "W2S, Top-2", color: colors.w2s, symbol: "diamond"},
    {name: "w2s-top3", label: "W2S, Top-3", color: "#00405f", symbol: "triangle"},
  ];
}

function topKSeries({colors}: Frame): BarSeries[] {
  return [
    {name: "1", label: "Top-1", color: "#5aa9dd", symbol: "circle"},
    {name: "2", label: "Top-2", color: colors.w2s, symbol: "diamond"},
    {name: "3", label: "Top-3", color: "#00405f", symbol: "triangle"},
  ];
}

function rankSeries({colors}: Frame): BarSeries[] {
  return [
    {name: "4th best", label: "4th best layer", color: "#9adfc9", symbol: "star"},
    {name: "3rd best", label: "3rd best layer", color: "#4dbf9f", symbol: "diamond"},
    {name: "2nd best", label: "2nd best layer", color: colors.optimum, symbol: "circle"},
    {name: "best", label: "best layer of each sample", color: "#00563f", symbol: symbols.optimum},
    {name: "fixed", label: "fixed layer", color: colors.fixed, symbol: symbols.fixed},
  ];
}

const steerability = {key: "policy", measure: "steerability", xLabel: steerabilityLabel, isShare: false} as const;
const proportion = {key: "policy", measure: "proportion_steerable", xLabel: proportionLabel, isShare: true} as const;

export function policySteerability(table: PaperTable, frame: Frame): Chart {
  return panels(table, {...steerability, series: policySeries, mark: "bars"}, frame);
}

export function policyProportion(table: PaperTable, frame: Frame): Chart {
  return panels(table, {...proportion, series: policySeries, mark: "bars"}, frame);
}

function both(table: PaperTable, frame: Frame, look: Pick<SeriesFigure, "series" | "mark">): Chart {
  const charts = [panels(table, {...steerability, ...look}, frame), panels(table, {...proportion, ...look}, frame)];
  return arrange(
    frame,
    table.title,
    charts.map((chart) => ({chart})),
    oneColumn(frame),
  );
}

/** In the paper, two figures: steerability above the proportion here. */
export function variant(table: PaperTable, frame: Frame): Chart {
  return both(table, frame, {series: policySeries, mark: "bars"});
}

export function labelSmoothing(table: PaperTable, frame: Frame): Chart {
  return both(table, frame, {series: smoothingSeries, mark: "dots"});
}

export function kthBest(table: PaperTable, frame: Frame): Chart {
  return panels(table, {...steerability, key: "layer_of_each_input", series: rankSeries, mark: "dots"}, frame);
}

export function topKAccuracy(table: PaperTable, frame: Frame): Chart {
  return panels(
    table,
    {
      key: "top_k",
      measure: "accuracy",
      xLabel: "accuracy of the layer predictor against its labels, held-out samples",
      isShare: true,
      series: topKSeries,
      mark: "dots",
    },
    frame,
  );
}
