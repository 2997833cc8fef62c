// What choosing a layer for each sample gains over the fixed layer.
import * as Plot from "@observablehq/plot";

import {axisTitle, centered, domainOf, draw, isNumber, margins, named, numberOrNull, valueAxis} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import type {Chart, Frame, GainData, Table} from "./types.js";

interface RankedGain {
  /** Of the samples, up to this one, in percent. */
  share: number;
  gain: number;
}

/** The largest gain first. */
function rankedGains(at: ArrayLike<number>, fixed: ArrayLike<number>): RankedGain[] {
  const gains = Array.from(at, (value, i) => value - fixed[i]!).filter(isNumber);
  return gains.sort((a, b) => b - a).map((gain, i) => ({share: (100 * (i + 0.5)) / gains.length, gain}));
}

/** 3. Each sample's gain over the fixed layer, the largest first: of W2S, and of the sample's best layer. */
export function gainBySample({fixed, w2s, optimum}: GainData, frame: Frame): Chart {
  const {colors} = frame;
  const best = rankedGains(optimum, fixed);
  const chosen = w2s ? rankedGains(w2s, fixed) : [];
  const better = chosen.filter(({gain}) => gain > 0).length;
  const worse = chosen.filter(({gain}) => gain < 0).length;
  const entries: LegendEntry[] = [
    {label: "best layer of each sample", color: colors.optimum, line: true, dash: "6 2"},
    ...(w2s ? [{label: "W2S", color: colors.w2s, line: true, strokeWidth: 2.5}] : []),
  ];
  const chart = draw(
    frame,
    w2s
      ? `Gain over the fixed layer by sample: W2S is better for ${better} and worse for ${worse} of ${chosen.length}.`
      : `Gain of the best layer over the fixed layer by sample, over ${best.length} samples.`,
    {
      height: frame.height ?? Math.round(Math.min(320, 130 + frame.width * 0.36)),
      marginTop: legendHeight(entries, frame) + 26,
      ...margins,
      x: {domain: [0, 100], label: "samples, largest gain first (%)", ...centered, ticks: 5, tickFormat: String},
      y: valueAxis(
        domainOf(
          [...best, ...chosen].map(({gain}) => gain),
          true,
        ),
      ),
      marks: [
        axisTitle("gain in steerability over the fixed layer (logits per unit)", margins.marginLeft),
        Plot.areaY(chosen, {
          x: "share",
          y1: 0,
          y2: "gain",
          fill: colors.w2s,
          fillOpacity: 0.18,
          curve: "step",
        }),
        Plot.ruleY([0], {strokeOpacity: 0.8}),
        named(
          "best layer",
          Plot.lineY(best, {
            x: "share",
            y: "gain",
            stroke: colors.optimum,
            strokeWidth: 2,
            strokeDasharray: "6 2",
            curve: "step",
          }),
        ),
        named(
          "W2S",
          Plot.lineY(chosen, {
            x: "share",
            y: "gain",
            stroke: colors.w2s,
            strokeWidth: 2.5,
            curve: "step",
          }),
        ),
        best.length === 1 ? Plot.dot(best, {x: "share", y: "gain", fill: colors.optimum, symbol: "triangle"}) : null,
        chosen.length === 1 ? Plot.dot(chosen, {x: "share", y: "gain", fill: colors.w2s}) : null,
        Plot.text(w2s && chosen.length > 0 ? [`${better} better, ${worse} worse`] : [], {
          frameAnchor: "top-right",
          dx: -4,
          dy: 4,
          text: (text: string) => text,
          stroke: colors.background,
          strokeWidth: 4,
          fill: "currentColor",
        }),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function gainBySampleTable({ids, fixed, w2s, optimum}: GainData): Table {
  return {
    columns: ["sample", "fixed", "W2S", "optimum", "gain of W2S", "gain of the optimum"],
    rows: Array.from(fixed, (value, i) => [
      ids?.[i] ?? i,
      numberOrNull(value),
      numberOrNull(w2s?.[i]),
      numberOrNull(optimum[i]),
      w2s ? numberOrNull(w2s[i]! - value) : null,
      numberOrNull(optimum[i]! - value),
    ]),
  };
}
