// Whether effects are above the noise of their measurement.
import * as Plot from "@observablehq/plot";

import {symbols} from "./color.js";
import {
  centered,
  countTicks,
  draw,
  extent,
  fontSize,
  isNumber,
  named,
  nameAxis,
  nameRoom,
  numberOrNull,
  short,
} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import type {Chart, Frame, NoiseData, Table} from "./types.js";

const series = ["noise", "gain", "steerability"] as const;

interface Mark {
  behavior: string;
  /** The size of the value: a logarithm has no sign. */
  size: number;
  isNegative: boolean;
}

/** 11. The noise of a steerability against typical steerabilities and gains, on a logarithmic axis. */
export function noiseFloor({rows}: NoiseData, frame: Frame): Chart {
  const {colors} = frame;
  const behaviors = [...new Set(rows.map(({behavior}) => behavior))];
  const marks = (name: (typeof series)[number]): Mark[] =>
    rows.flatMap((row) => {
      const value = row[name];
      return isNumber(value) && value !== 0
        ? [{behavior: row.behavior, size: Math.abs(value), isNegative: value < 0}]
        : [];
    });
  const colorOf = {noise: "currentColor", gain: colors.w2s, steerability: colors.fixed};
  const symbolOf = {noise: symbols.random, gain: symbols.w2s, steerability: symbols.fixed};
  const all = series.flatMap((name) => marks(name));
  const hasNegative = all.some(({isNegative}) => isNegative);
  const [low, high] = extent(all.map(({size}) => size)) ?? [0.1, 1];
  const domain: [number, number] = [low / 1.6, high * 1.6];
  const entries: LegendEntry[] = [
    {label: "noise of a steerability", color: "currentColor", symbol: symbols.random},
    {label: "gain of W2S", color: colors.w2s, symbol: symbols.w2s},
    {label: "steerability at the fixed layer", color: colors.fixed, symbol: symbols.fixed},
    ...(hasNegative ? [{label: "(−): negative", color: "currentColor"}] : []),
  ];
  const above = rows.filter(({noise, gain}) => isNumber(noise) && isNumber(gain) && gain > noise).length;
  const room = nameRoom(behaviors, frame);
  const marginTop = legendHeight(entries, frame) + 8;
  const marginBottom = Math.round(3.5 * fontSize(frame));
  const ticks = logTicks(domain, countTicks(frame.width - room, frame));
  const chart = draw(
    frame,
    `Noise of the measurement against its effects: the gain of W2S is above the noise for ${above} of ${rows.length} behaviours.`,
    {
      height: frame.height ?? marginTop + marginBottom + behaviors.length * 26,
      marginTop,
      marginLeft: room,
      marginRight: 16,
      marginBottom,
      x: {
        type: "log",
        domain,
        axis: null,
      },
      y: nameAxis(behaviors, room, frame),
      marks: [
        Plot.gridX(ticks),
        // Plot's own axis would leave out labels that d3 finds too many.
        Plot.axisX(ticks, {text: short, label: "logits per unit of multiplier, logarithmic", ...centered}),
        // What is left of the noise cannot be told from nothing.
        named(
          "below the noise",
          Plot.barX(marks("noise"), {
            x1: domain[0],
            x2: "size",
            y: "behavior",
            fill: "currentColor",
            fillOpacity: 0.12,
            insetTop: 3,
            insetBottom: 3,
          }),
        ),
        ...series.flatMap((name) => [
          named(
            name,
            Plot.dot(marks(name), {
              x: "size",
              y: "behavior",
              symbol: symbolOf[name],
              fill: colorOf[name],
              r: 5,
            }),
          ),
          Plot.text(
            marks(name).filter(({isNegative}) => isNegative),
            {x: "size", y: "behavior", text: () => "(−)", dx: 7, textAnchor: "start", fill: "currentColor"},
          ),
        ]),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

/** Powers of ten, and their double and fivefold where there is room. */
function logTicks([low, high]: [number, number], count: number): number[] {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const ticks = (factors: readonly number[]): number[] =>
    Array.from({length: to - from + 1}, (_, i) => from + i)
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  const dense = [ticks([1, 2, 5]), ticks([1, 3])].find((candidate) => candidate.length <= count);
  const powers = ticks([1]);
  const step = Math.ceil(powers.length / count);
  return dense && dense.length >= 2 ? dense : powers.filter((_, i) => i % Math.max(1, step) === 0);
}

export function noiseFloorTable({rows}: NoiseData): Table {
  return {
    columns: ["behavior", "noise of a steerability", "gain of W2S", "steerability at the fixed layer"],
    rows: rows.map(({behavior, noise, gain, steerability}) => [
      behavior,
      numberOrNull(noise),
      numberOrNull(gain),
      numberOrNull(steerability),
    ]),
  };
}
