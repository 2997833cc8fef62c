// Layers: how steerability depends on them, and which one is best for how many samples.
import * as Plot from "@observablehq/plot";

import {symbols} from "./color.js";
import {
  axisTitle,
  centered,
  domainOf,
  draw,
  isNumber,
  layerAxis,
  margins,
  named,
  numberOrNull,
  short,
  steerabilityLabel,
  valueAxis,
  valueLabels,
  withHeadroom,
} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import type {BestLayerData, Chart, Frame, KthBestData, LayerCurveData, LayerMatrix, Table} from "./types.js";

interface LayerSummary {
  layer: number;
  mean: number | null;
  /** 10th and 90th percentile. */
  low: number | null;
  high: number | null;
}

function quantile(sorted: ArrayLike<number>, probability: number): number | null {
  if (sorted.length === 0) return null;
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** Over samples, by layer; samples without a number at a layer do not count there. */
export function summarizeLayers({layers, samples, values}: LayerMatrix): LayerSummary[] {
  return layers.map((layer, i) => {
    const column = new Float64Array(samples);
    let count = 0;
    let sum = 0;
    for (let sample = 0; sample < samples; ++sample) {
      const value = values[sample * layers.length + i];
      if (!isNumber(value)) continue;
      column[count++] = value;
      sum += value;
    }
    const sorted = column.subarray(0, count).sort();
    return {layer, mean: count > 0 ? sum / count : null, low: quantile(sorted, 0.1), high: quantile(sorted, 0.9)};
  });
}

/** One layer alone stands in the middle of the axis. */
function layerDomain(layers: readonly number[]): [number, number] {
  const first = layers[0] ?? 0;
  const last = layers[layers.length - 1] ?? 0;
  return first === last ? [first - 1, last + 1] : [first, last];
}

/** 1. Mean steerability by layer, with the band of the middle 80 % of samples. */
export function steerabilityByLayer(data: LayerCurveData, frame: Frame): Chart {
  const {layers, values, fixedLayer, samples} = data;
  const {fixed, highlight} = frame.colors;
  const summary = summarizeLayers(data);
  const selected = data.highlighted ?? null;
  const selectedLine =
    selected === null
      ? []
      : layers.map((layer, i) => ({layer, value: numberOrNull(values[selected * layers.length + i])}));
  const entries: LegendEntry[] = [
    {label: "mean of samples", color: "currentColor", line: true},
    {label: "10th to 90th percentile", color: "currentColor", swatch: 0.16},
    {label: `fixed layer ${fixedLayer}`, color: fixed, line: true, dash: "5 3", symbol: symbols.fixed},
    ...(selected === null ? [] : [{label: "selected sample", color: highlight, line: true, strokeWidth: 1.5}]),
  ];
  const shown = [...summary.flatMap(({low, high, mean}) => [low, high, mean]), ...selectedLine.map(({value}) => value)];
  const atFixed = summary.filter(({layer, mean}) => layer === fixedLayer && mean !== null);
  const top = summary.reduce<LayerSummary | null>(
    (best, row) => ((row.mean ?? -Infinity) > (best?.mean ?? -Infinity) ? row : best),
    null,
  );
  const alone = layers.length === 1;
  const chart = draw(
    frame,
    `Mean steerability by layer over ${samples} samples` +
      (top?.mean == null ? "." : `: highest at layer ${top.layer}, ${short(top.mean)}; fixed layer ${fixedLayer}.`),
    {
      height: frame.height ?? Math.round(Math.min(380, 130 + frame.width * 0.42)),
      marginTop: legendHeight(entries, frame) + 26,
      ...margins,
      x: {
        ...layerAxis(layers, frame.width - margins.marginLeft - margins.marginRight, frame),
        domain: layerDomain(layers),
      },
      y: valueAxis(domainOf(shown, true)),
      marks: [
        axisTitle(steerabilityLabel, margins.marginLeft),
        Plot.areaY(summary, {x: "layer", y1: "low", y2: "high", fill: "currentColor", fillOpacity: 0.16}),
        alone ? Plot.ruleX(summary, {x: "layer", y1: "low", y2: "high", strokeWidth: 6, strokeOpacity: 0.16}) : null,
        Plot.ruleY([0], {strokeOpacity: 0.6}),
        named(
          "fixed layer",
          Plot.ruleX(layers.includes(fixedLayer) ? [fixedLayer] : [], {
            stroke: fixed,
            strokeWidth: 2,
            strokeDasharray: "5 3",
          }),
        ),
        named("mean", Plot.lineY(summary, {x: "layer", y: "mean", strokeWidth: 2})),
        alone ? Plot.dot(summary, {x: "layer", y: "mean", fill: "currentColor"}) : null,
        named("selected", Plot.lineY(selectedLine, {x: "layer", y: "value", stroke: highlight, strokeWidth: 1.5})),
        named("at fixed", Plot.dot(atFixed, {x: "layer", y: "mean", symbol: symbols.fixed, fill: fixed, r: 4.5})),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function steerabilityByLayerTable(data: LayerCurveData): Table {
  const {layers, values} = data;
  const selected = data.highlighted ?? null;
  return {
    columns: [
      "layer",
      "mean",
      "10th percentile",
      "90th percentile",
      "fixed",
      ...(selected === null ? [] : ["selected"]),
    ],
    rows: summarizeLayers(data).map(({layer, mean, low, high}, i) => [
      layer,
      mean,
      low,
      high,
      layer === data.fixedLayer ? "yes" : "no",
      ...(selected === null ? [] : [numberOrNull(values[selected * layers.length + i])]),
    ]),
  };
}

/** The sample whose line is nearest to a point of the chart of steerability by layer, at the layer nearest to it. */
export function nearestSample(
  {layers, samples, values}: LayerMatrix,
  chart: Chart,
  x: number,
  y: number,
): {sample: number; layer: number} | null {
  const wanted = chart.scale("x")?.invert?.(x) as number | undefined;
  const value = chart.scale("y")?.invert?.(y) as number | undefined;
  if (wanted === undefined || value === undefined || layers.length === 0) return null;
  const column = layers.reduce(
    (best, layer, i) => (Math.abs(layer - wanted) < Math.abs(layers[best]! - wanted) ? i : best),
    0,
  );
  let nearest: number | null = null;
  let distance = Infinity;
  for (let sample = 0; sample < samples; ++sample) {
    const from = Math.abs(values[sample * layers.length + column]! - value);
    if (from < distance) [nearest, distance] = [sample, from];
  }
  return nearest === null ? null : {sample: nearest, layer: layers[column]!};
}

function countBars(
  bars: readonly {at: number; count: number; isFixed: boolean}[],
  frame: Frame,
  label: string,
  xLabel: string,
): Chart {
  const ats = bars.map(({at}) => at);
  const entries: LegendEntry[] = bars.some(({isFixed}) => isFixed)
    ? [
        {label: "samples", color: frame.colors.optimum, swatch: 1},
        {label: "at the fixed layer", color: frame.colors.fixed, swatch: 1},
      ]
    : [];
  const inner = frame.width - margins.marginLeft - margins.marginRight;
  const most = Math.max(1, ...bars.map(({count}) => count));
  const labelled = bars.filter(({isFixed}) => isFixed);
  const chart = draw(frame, label, {
    height: frame.height ?? Math.round(Math.min(300, 130 + frame.width * 0.28)),
    marginTop: legendHeight(entries, frame) + 26,
    ...margins,
    x: {type: "band", ...layerAxis(ats, inner, frame), label: xLabel, domain: ats, padding: 0.15},
    y: {...valueAxis([0, 1.05 * most]), ticks: Math.min(5, most), tickFormat: (n: number) => String(n)},
    marks: [
      axisTitle("number of samples", margins.marginLeft),
      named(
        "samples",
        Plot.barY(bars, {
          x: "at",
          y: "count",
          fill: ({isFixed}: {isFixed: boolean}) => (isFixed ? frame.colors.fixed : frame.colors.optimum),
        }),
      ),
      Plot.text(labelled, {
        x: "at",
        y: "count",
        dy: -4,
        lineAnchor: "bottom",
        text: () => "fixed",
        fill: "currentColor",
        stroke: frame.colors.background,
        strokeWidth: 3,
      }),
      Plot.ruleY([0]),
    ],
    color: {type: "identity"},
  });
  addLegend(chart, entries, frame);
  return chart;
}

/** 4. For how many samples each layer is the best one. */
export function bestLayers({layers, count, fixedLayer}: BestLayerData, frame: Frame): Chart {
  const bars = layers.map((layer, i) => ({at: layer, count: count[i] ?? 0, isFixed: layer === fixedLayer}));
  const samples = bars.reduce((sum, bar) => sum + bar.count, 0);
  const atFixed = bars.find(({isFixed}) => isFixed)?.count ?? 0;
  return countBars(
    bars,
    frame,
    `Samples by their best layer: the fixed layer ${fixedLayer} is best for ${atFixed} of ${samples}.`,
    "best layer of a sample",
  );
}

export function bestLayersTable({layers, count, fixedLayer}: BestLayerData): Table {
  return {
    columns: ["layer", "samples", "fixed"],
    rows: layers.map((layer, i) => [layer, count[i] ?? 0, layer === fixedLayer ? "yes" : "no"]),
  };
}

/** Samples by |best layer - fixed layer|, from 0 to the largest one. */
export function deviations({layers, count, fixedLayer}: BestLayerData): {distance: number; samples: number}[] {
  const samples: number[] = [0];
  layers.forEach((layer, i) => {
    if (!count[i]) return;
    const distance = Math.abs(layer - fixedLayer);
    while (samples.length <= distance) samples.push(0);
    samples[distance]! += count[i]!;
  });
  return samples.map((n, distance) => ({distance, samples: n}));
}

/** 4. How far from the fixed layer samples have their best one. */
export function layerDeviation(data: BestLayerData, frame: Frame): Chart {
  const bars = deviations(data).map(({distance, samples}) => ({at: distance, count: samples, isFixed: false}));
  const samples = bars.reduce((sum, {count}) => sum + count, 0);
  const mean = samples > 0 ? bars.reduce((sum, {at, count}) => sum + at * count, 0) / samples : 0;
  return countBars(
    bars,
    frame,
    `Samples by the distance of their best layer from the fixed layer: ${short(mean)} layers on average.`,
    "distance of the best layer from the fixed one",
  );
}

export function layerDeviationTable(data: BestLayerData): Table {
  return {
    columns: ["distance (layers)", "samples"],
    rows: deviations(data).map(({distance, samples}) => [distance, samples]),
  };
}

const ordinals = ["best", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"];

function ordinal(i: number): string {
  return ordinals[i] ?? `${i + 1}th`;
}

/** 5. Mean steerability at each sample's best, 2nd, 3rd, 4th best layer, against the fixed layer. */
export function kthBestLayer({fixed, kthBest}: KthBestData, frame: Frame): Chart {
  const bars = kthBest.flatMap((value, i) => (isNumber(value) ? [{rank: ordinal(i), value}] : []));
  const better = bars.filter(({value}) => value > fixed).length;
  const entries: LegendEntry[] = [
    {label: "each sample's k-th best layer", color: frame.colors.optimum, swatch: 1},
    {label: "fixed layer", color: frame.colors.fixed, line: true, dash: "5 3"},
  ];
  const chart = draw(
    frame,
    `Mean steerability at each sample's k-th best layer: ${better} of ${bars.length} ranks are above the fixed layer.`,
    {
      height: frame.height ?? Math.round(Math.min(300, 130 + frame.width * 0.28)),
      marginTop: legendHeight(entries, frame) + 26,
      ...margins,
      x: {
        type: "band",
        domain: bars.map(({rank}) => rank),
        label: "layer of each sample, by rank",
        ...centered,
        padding: 0.3,
      },
      y: valueAxis(withHeadroom(domainOf([0, fixed, ...bars.map(({value}) => value)], true))),
      marks: [
        axisTitle(steerabilityLabel, margins.marginLeft),
        named("k-th best", Plot.barY(bars, {x: "rank", y: "value", fill: frame.colors.optimum})),
        ...valueLabels(bars, {x: "rank", y: "value"}, frame),
        Plot.ruleY([0]),
        named("fixed", Plot.ruleY([fixed], {stroke: frame.colors.fixed, strokeWidth: 2, strokeDasharray: "5 3"})),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function kthBestLayerTable({fixed, kthBest}: KthBestData): Table {
  return {
    columns: ["layer of each sample", "steerability"],
    rows: [
      ["fixed", numberOrNull(fixed)],
      ...kthBest.map((value, i): [string, number | null] => [
        i === 0 ? "best" : `${ordinal(i)} best`,
        numberOrNull(value),
      ]),
    ],
  };
}
