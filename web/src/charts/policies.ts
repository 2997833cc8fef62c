// Policies against each other: the fixed layer, W2S, each sample's best layer.
import * as Plot from "@observablehq/plot";

import {type Bar, barPanels} from "./bars.js";
import {symbols} from "./color.js";
import {
  axisTitle,
  centered,
  domainOf,
  draw,
  fontSize,
  horizontalAxis,
  isNumber,
  margins,
  named,
  nameAxis,
  nameRoom,
  numberOrNull,
  proportionLabel,
  short,
  steerabilityLabel,
  threeDigits,
  valueAxis,
  withHeadroom,
} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import {arrange, panelGrid} from "./panels.js";
import type {Chart, Frame, Interval, Measure, OverviewData, Table, TopKData, VariantData} from "./types.js";

const measureLabels: Record<Measure, string> = {steerability: steerabilityLabel, proportion: proportionLabel};
const measureColumns: Record<Measure, string> = {steerability: "steerability", proportion: "proportion steerable"};

function measureDomain(measure: Measure, values: Iterable<number | null | undefined>): [number, number] {
  return measure === "steerability" ? domainOf(values, true) : [0, 1];
}

function intervalCells(gain: Interval | null | undefined): (number | null)[] {
  return [numberOrNull(gain?.mean), numberOrNull(gain?.low), numberOrNull(gain?.high)];
}

const intervalNames = ["gain over fixed", "gain, low end", "gain, high end"];

interface TopKPoint {
  label: string;
  value: number;
  sd: number;
}

function topKPanel(
  points: readonly TopKPoint[],
  labels: readonly string[],
  axis: {domain: [number, number]; label: string; fixed: number | null},
  frame: Frame,
): Chart {
  const {colors} = frame;
  return draw(frame, "", {
    height: Math.round(Math.min(280, 110 + frame.width * 0.4)),
    marginTop: 30,
    ...margins,
    x: {type: "point", domain: labels, label: "labels of the predictor", ...centered, padding: 0.5},
    y: valueAxis(axis.domain),
    marks: [
      axisTitle(axis.label, margins.marginLeft),
      named(
        "fixed",
        Plot.ruleY(isNumber(axis.fixed) ? [axis.fixed] : [], {
          stroke: colors.fixed,
          strokeWidth: 2,
          strokeDasharray: "5 3",
        }),
      ),
      Plot.ruleX(
        points.filter(({sd}) => sd > 0),
        {
          x: "label",
          y1: ({value, sd}: TopKPoint) => value - sd,
          y2: ({value, sd}: TopKPoint) => value + sd,
          stroke: colors.w2s,
        },
      ),
      Plot.lineY(points, {x: "label", y: "value", stroke: colors.w2s, strokeWidth: 2}),
      named("W2S", Plot.dot(points, {x: "label", y: "value", symbol: symbols.w2s, fill: colors.w2s, r: 4.5})),
      Plot.text(points, {
        x: "label",
        y: "value",
        text: ({value}: TopKPoint) => threeDigits(value),
        dy: -9,
        lineAnchor: "bottom",
        stroke: colors.background,
        strokeWidth: 3,
        fill: "currentColor",
      }),
    ],
  });
}

/** 6. Accuracy of the predictor, and steerability of W2S, by the Top-k of its labels. */
export function topK({rows, fixed}: TopKData, frame: Frame): Chart {
  const {colors} = frame;
  const labels = rows.map(({label}) => label);
  const points = (value: (row: TopKData["rows"][number]) => number | null, withSd: boolean): TopKPoint[] =>
    rows.flatMap((row) => {
      const at = value(row);
      return isNumber(at) ? [{label: row.label, value: at, sd: withSd ? (numberOrNull(row.sd) ?? 0) : 0}] : [];
    });
  const accuracy = points((row) => row.accuracy, false);
  const steerability = points((row) => row.steerability, true);
  const entries: LegendEntry[] = [
    {label: "W2S", color: colors.w2s, symbol: symbols.w2s, line: true},
    ...(isNumber(fixed) ? [{label: "fixed layer", color: colors.fixed, line: true, dash: "5 3"}] : []),
  ];
  const reach = [fixed, ...steerability.flatMap(({value, sd}) => [value - sd, value + sd])];
  const grid = panelGrid(frame, 2, 0, 300);
  const panel = {...frame, width: grid.widths[0]};
  const best = steerability.reduce<TopKPoint | null>(
    (top, row) => (row.value > (top?.value ?? -Infinity) ? row : top),
    null,
  );
  const chart = arrange(
    frame,
    "Accuracy of the layer predictor and steerability of W2S by Top-k of the labels" +
      (best ? `: steerability is highest for ${best.label}, ${short(best.value)}.` : "."),
    [
      {
        chart: topKPanel(
          accuracy,
          labels,
          {domain: [0, 1], label: "accuracy of the predicted layer", fixed: null},
          panel,
        ),
      },
      {
        chart: topKPanel(
          steerability,
          labels,
          {domain: withHeadroom(domainOf(reach, true)), label: steerabilityLabel, fixed},
          panel,
        ),
      },
    ],
    grid,
    legendHeight(entries, frame),
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function topKTable({rows, fixed}: TopKData): Table {
  return {
    columns: ["labels", "accuracy", "steerability", "standard deviation"],
    rows: [
      ["fixed layer", null, numberOrNull(fixed), null],
      ...rows.map(({label, accuracy, steerability, sd}): (string | number | null)[] => [
        label,
        numberOrNull(accuracy),
        numberOrNull(steerability),
        numberOrNull(sd),
      ]),
    ],
    shares: ["accuracy"],
  };
}

function unique<Value>(values: Iterable<Value>): Value[] {
  return [...new Set(values)];
}

/** 7. Fixed layer against W2S by behaviour, a panel for each prompt variant. */
export function variants({measure, rows}: VariantData, frame: Frame): Chart {
  const names = unique(rows.map(({variant}) => variant));
  const better = rows.filter(({fixed, w2s}) => isNumber(fixed) && isNumber(w2s) && w2s > fixed).length;
  // The interval is that of the gain in steerability.
  const whisker = (fixed: number | null, end: number | undefined): number | null =>
    measure === "steerability" && isNumber(fixed) && isNumber(end) ? fixed + end : null;
  const panels = names.map((variant) => ({
    title: variant,
    bars: rows
      .filter((row) => row.variant === variant)
      .flatMap(({behavior, fixed, w2s, gain}): Bar[] => [
        {behavior, series: "fixed", value: fixed},
        {behavior, series: "w2s", value: w2s, low: whisker(fixed, gain?.low), high: whisker(fixed, gain?.high)},
      ]),
  }));
  const hasIntervals = panels.some(({bars}) => bars.some(({low}) => isNumber(low)));
  return barPanels(
    {
      label: `Fixed layer and W2S by behaviour and prompt variant: W2S is higher in ${better} of ${rows.length} cases.`,
      behaviors: unique(rows.map(({behavior}) => behavior)),
      series: [
        {name: "fixed", label: "fixed layer", color: frame.colors.fixed, symbol: symbols.fixed},
        {name: "w2s", label: "W2S", color: frame.colors.w2s, symbol: symbols.w2s},
      ],
      panels,
      xLabel: measureLabels[measure],
      domain: measureDomain(
        measure,
        panels.flatMap(({bars}) => bars.flatMap(({value, low, high}) => [value, low, high])),
      ),
      whiskers: hasIntervals ? "bootstrap interval of the gain" : undefined,
    },
    frame,
  );
}

export function variantsTable({measure, rows}: VariantData): Table {
  const columns = ["fixed", "W2S"].map((policy) => `${measureColumns[measure]}, ${policy}`);
  return {
    columns: ["variant", "behavior", ...columns, ...intervalNames],
    ...(measure === "proportion" && {shares: columns}),
    rows: rows.map(({variant, behavior, fixed, w2s, gain}) => [
      variant,
      behavior,
      numberOrNull(fixed),
      numberOrNull(w2s),
      ...intervalCells(gain),
    ]),
  };
}

const rowHeight = 26;

/** 8. All behaviours: from the fixed layer over W2S to each sample's best layer. */
export function overview({measure, rows}: OverviewData, frame: Frame): Chart {
  const {colors} = frame;
  const withInterval =
    measure === "steerability"
      ? rows.flatMap(({behavior, fixed, gain}) =>
          isNumber(fixed) && gain ? [{behavior, low: fixed + gain.low, high: fixed + gain.high}] : [],
        )
      : [];
  const behaviors = unique(rows.map(({behavior}) => behavior));
  const entries: LegendEntry[] = [
    {label: "fixed layer", color: colors.fixed, symbol: symbols.fixed},
    {label: "W2S", color: colors.w2s, symbol: symbols.w2s},
    {label: "best layer of each sample", color: colors.optimum, symbol: symbols.optimum},
    ...(withInterval.length > 0 ? [{label: "bootstrap interval of the gain", color: colors.w2s, swatch: 0.3}] : []),
  ];
  const room = nameRoom(behaviors, frame);
  const both = rows.filter(({fixed, w2s}) => isNumber(fixed) && isNumber(w2s));
  const better = both.filter(({fixed, w2s}) => w2s! > fixed!).length;
  const marginTop = legendHeight(entries, frame) + 8;
  const marginBottom = Math.round(3.5 * fontSize(frame));
  const shown = rows.flatMap(({fixed, w2s, optimum}) => [fixed, w2s, optimum]);
  const policyDots = (["fixed", "optimum", "w2s"] as const).map((policy) =>
    named(
      policy,
      Plot.dot(
        rows.filter((row) => isNumber(row[policy])),
        {x: policy, y: "behavior", symbol: symbols[policy], fill: colors[policy], r: 5},
      ),
    ),
  );
  const chart = draw(
    frame,
    `Fixed layer, W2S and each sample's best layer by behaviour: W2S is above the fixed layer on ${better} of ${both.length}.`,
    {
      height: frame.height ?? marginTop + marginBottom + behaviors.length * rowHeight,
      marginTop,
      marginLeft: room,
      marginRight: 16,
      marginBottom,
      x: horizontalAxis(
        measureDomain(measure, [...shown, ...withInterval.flatMap(({low, high}) => [low, high])]),
        measureLabels[measure],
        frame.width - room,
        frame,
      ),
      y: nameAxis(behaviors, room, frame),
      marks: [
        Plot.ruleX([0], {strokeOpacity: 0.6}),
        Plot.link(
          rows.filter(({fixed, optimum}) => isNumber(fixed) && isNumber(optimum)),
          {
            x1: "fixed",
            x2: "optimum",
            y: "behavior",
            strokeOpacity: 0.35,
            strokeWidth: 1.5,
          },
        ),
        named(
          "intervals",
          Plot.link(withInterval, {
            x1: "low",
            x2: "high",
            y: "behavior",
            stroke: colors.w2s,
            strokeOpacity: 0.3,
            strokeWidth: 9,
            strokeLinecap: "butt",
          }),
        ),
        Plot.link(both, {x1: "fixed", x2: "w2s", y: "behavior", stroke: colors.w2s, strokeWidth: 2.5}),
        ...policyDots,
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function overviewTable({measure, rows}: OverviewData): Table {
  const columns = ["fixed", "W2S", "optimum"].map((policy) => `${measureColumns[measure]}, ${policy}`);
  return {
    columns: ["behavior", ...columns, ...intervalNames],
    ...(measure === "proportion" && {shares: columns}),
    rows: rows.map(({behavior, fixed, w2s, optimum, gain}) => [
      behavior,
      numberOrNull(fixed),
      numberOrNull(w2s),
      numberOrNull(optimum),
      ...intervalCells(gain),
    ]),
  };
}
