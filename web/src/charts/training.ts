// How the layer predictor was trained, and its settings chosen.
import * as Plot from "@observablehq/plot";

import {addColorBar, colorBarHeight} from "./color_bar.js";
import {css, textColor, valueColors} from "./color.js";
import {
  axisTitle,
  centered,
  countTicks,
  domainOf,
  draw,
  extent,
  fontSize,
  isNumber,
  margins,
  named,
  numberOrNull,
  short,
  steerabilityLabel,
  textWidth,
  threeDigits,
  valueAxis,
} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import type {Chart, Frame, Settings, Table, TrainingData, ValidationGridData} from "./types.js";

interface LossPoint {
  fold: number;
  epoch: number;
  loss: number;
}

function points(losses: readonly (readonly number[])[]): LossPoint[] {
  return losses.flatMap((fold, i) => fold.map((loss, epoch) => ({fold: i, epoch: epoch + 1, loss})));
}

/** Over the folds that have a loss at that epoch. */
function meanCurve(losses: readonly (readonly number[])[]): LossPoint[] {
  const epochs = losses.reduce((most, fold) => Math.max(most, fold.length), 0);
  return Array.from({length: epochs}, (_, epoch) => {
    const values = losses.map((fold) => fold[epoch]).filter(isNumber);
    const loss = values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
    return {fold: -1, epoch: epoch + 1, loss};
  });
}

/** 10. Loss of the layer predictor by epoch, on the training and on the held-out samples of each fold. */
export function trainingCurves({curves, epochs}: TrainingData, frame: Frame): Chart {
  const {colors} = frame;
  const training = curves.map((fold) => fold.training);
  const heldOut = curves.map((fold) => fold.heldOut);
  const entries: LegendEntry[] = [
    {label: "training samples", color: colors.training, line: true, dash: "5 3"},
    {label: "held-out samples", color: colors.heldOut, line: true, strokeWidth: 2.5},
    ...(isNumber(epochs)
      ? [{label: `epochs of the final networks: ${epochs}`, color: "currentColor", line: true, dash: "2 3"}]
      : []),
  ];
  const all = [...points(training), ...points(heldOut)];
  const last = all.reduce((most, {epoch}) => Math.max(most, epoch), epochs ?? 1);
  const mean = meanCurve(heldOut);
  const least = mean.reduce<LossPoint | null>((low, row) => (row.loss < (low?.loss ?? Infinity) ? row : low), null);
  const thin = {x: "epoch", y: "loss", z: "fold", strokeWidth: 0.9, strokeOpacity: 0.55};
  const thick = {x: "epoch", y: "loss", strokeWidth: 2.5};
  const lone = (rows: readonly LossPoint[], stroke: string) =>
    last === 1 ? Plot.dot(rows, {x: "epoch", y: "loss", fill: stroke}) : null;
  const chart = draw(
    frame,
    `Training of the layer predictor in ${curves.length} folds` +
      (least ? `: the mean held-out loss is least after ${least.epoch} epochs, ${short(least.loss)}.` : "."),
    {
      height: frame.height ?? Math.round(Math.min(320, 130 + frame.width * 0.36)),
      marginTop: legendHeight(entries, frame) + 26,
      ...margins,
      x: {
        domain: last > 1 ? [1, last] : [0, 2],
        label: "epoch",
        ...centered,
        ticks: Math.min(last, countTicks(frame.width - margins.marginLeft, frame)),
        tickFormat: (epoch: number) => (Number.isInteger(epoch) ? String(epoch) : ""),
      },
      y: valueAxis(
        domainOf(
          all.map(({loss}) => loss),
          true,
        ),
      ),
      marks: [
        axisTitle("loss (nats)", margins.marginLeft),
        named(
          "training folds",
          Plot.lineY(points(training), {
            ...thin,
            stroke: colors.training,
            strokeDasharray: "5 3",
          }),
        ),
        named("held-out folds", Plot.lineY(points(heldOut), {...thin, stroke: colors.heldOut})),
        named(
          "training",
          Plot.lineY(meanCurve(training), {
            ...thick,
            stroke: colors.training,
            strokeDasharray: "5 3",
          }),
        ),
        named("held out", Plot.lineY(mean, {...thick, stroke: colors.heldOut})),
        lone(points(training), colors.training),
        lone(points(heldOut), colors.heldOut),
        named("epochs", Plot.ruleX(isNumber(epochs) ? [epochs] : [], {strokeDasharray: "2 3", strokeWidth: 1.5})),
        Plot.ruleY([0]),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function trainingCurvesTable({curves}: TrainingData): Table {
  return {
    columns: ["fold", "epoch", "training loss", "held-out loss"],
    rows: curves.flatMap(({training, heldOut}, fold) =>
      Array.from({length: Math.max(training.length, heldOut.length)}, (_, i) => [
        fold + 1,
        i + 1,
        numberOrNull(training[i]),
        numberOrNull(heldOut[i]),
      ]),
    ),
  };
}

type Score = ValidationGridData["scores"][number];

function sortedValues(scores: readonly Score[], name: keyof Settings): number[] {
  return [...new Set(scores.map((score) => score[name]))].sort((a, b) => a - b);
}

function isSame(a: Settings, b: Settings): boolean {
  return (
    a.learningRate === b.learningRate &&
    a.hiddenWidth === b.hiddenWidth &&
    a.hiddenLayers === b.hiddenLayers &&
    a.weightDecay === b.weightDecay
  );
}

function layersTitle(count: number): string {
  return count === 1 ? "1 hidden layer" : `${count} hidden layers`;
}

/** 10. Held-out steerability by settings of the layer predictor. */
export function validationGrid({scores, chosen}: ValidationGridData, frame: Frame): Chart {
  const {colors} = frame;
  const shown = scores.filter(({steerability}) => isNumber(steerability));
  const [rates, widths, depths, decays] = (["learningRate", "hiddenWidth", "hiddenLayers", "weightDecay"] as const).map(
    (name) => sortedValues(shown, name),
  ) as [number[], number[], number[], number[]];
  const [low, high] = extent(shown.map(({steerability}) => steerability)) ?? [0, 1];
  const scale = valueColors(low, high);
  const fill = ({steerability}: Score): string => css(scale.rgb(steerability));
  const size = fontSize(frame);
  const bar = colorBarHeight(frame);
  const left = Math.max(...widths.map((width) => textWidth(String(width), size)), 0) + 34;
  const right = Math.max(0, ...decays.map((decay) => textWidth(short(decay), size))) + 30;
  const column = (frame.width - left - right) / Math.max(1, depths.length * rates.length) - 2;
  const hasNumbers = column >= textWidth("0.000", size - 2);
  const marginTop = bar + 2.4 * size;
  const marginBottom = 42;
  const rowsHeight = Math.max(1, decays.length) * (Math.max(1, widths.length) * 24 + 8);
  const place = {x: "learningRate", y: "hiddenWidth", fx: "hiddenLayers", fy: "weightDecay"};
  const marked = chosen ? shown.filter((score) => isSame(score, chosen)) : [];
  const best = marked[0];
  const shortRate = (rate: number): string => (rate < 0.01 ? rate.toExponential().replace("e-", "e−") : String(rate));
  const rateRoom = Math.max(0, ...rates.map((rate) => textWidth(shortRate(rate), size)));
  const everyRate = Math.max(1, Math.ceil((rateRoom + 6) / (column + 2)));
  const chart = draw(
    frame,
    `Held-out steerability of ${shown.length} settings of the layer predictor` +
      (best
        ? `: chosen were ${layersTitle(best.hiddenLayers)} of ${best.hiddenWidth}, learning rate ${best.learningRate}, weight decay ${best.weightDecay}.`
        : "."),
    {
      height: frame.height ?? marginTop + marginBottom + rowsHeight,
      marginTop,
      marginLeft: left,
      marginRight: right,
      marginBottom,
      x: {
        type: "band",
        domain: rates,
        label: "learning rate",
        ...centered,
        padding: 0.04,
        ticks: rates.filter((_, i) => i % everyRate === 0),
        tickFormat: shortRate,
        tickSize: 0,
      },
      y: {
        type: "band",
        domain: widths,
        label: "hidden width",
        ...centered,
        padding: 0.04,
        tickSize: 0,
        tickFormat: String,
      },
      fx: {domain: depths, label: null, tickFormat: layersTitle, padding: 0.06},
      fy: {domain: decays, label: "weight decay", labelArrow: "none", tickFormat: short, padding: 0.06},
      marks: [
        named("settings", Plot.cell(shown, {...place, fill})),
        hasNumbers
          ? Plot.text(shown, {
              ...place,
              text: ({steerability}: Score) => threeDigits(steerability),
              fontSize: size - 2,
              fill: (score: Score) => textColor(fill(score)),
            })
          : null,
        Plot.cell(marked, {...place, fill: "none", stroke: "#ffffff", strokeWidth: 5}),
        named("chosen", Plot.cell(marked, {...place, fill: "none", stroke: colors.highlight, strokeWidth: 2.5})),
      ],
      color: {type: "identity"},
    },
  );
  addColorBar(chart, {colors: scale, label: `held-out ${steerabilityLabel}`}, frame, 0);
  return chart;
}

export function validationGridTable({scores, chosen}: ValidationGridData): Table {
  return {
    columns: ["learning rate", "hidden width", "hidden layers", "weight decay", "steerability", "accuracy", "chosen"],
    rows: scores.map((score) => [
      score.learningRate,
      score.hiddenWidth,
      score.hiddenLayers,
      score.weightDecay,
      numberOrNull(score.steerability),
      numberOrNull(score.accuracy),
      chosen && isSame(score, chosen) ? "yes" : "no",
    ]),
    shares: ["accuracy"],
  };
}
