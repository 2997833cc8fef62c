// Figures of prompt encoders: the paper's Supp. Figures 9 to 11.
import * as Plot from "@observablehq/plot";

import {addColorBar, colorBarHeight} from "../charts/color_bar.js";
import {css, textColor, valueColors} from "../charts/color.js";
import {behaviorLegend, encoderMap, silhouettes} from "../charts/encoders.js";
import {domainOf, draw, fontSize, labelRoom, named, nameAxis, nameRoom} from "../charts/frame.js";
import {addLegend, legendHeight} from "../charts/legend.js";
import {arrange, oneColumn, panelGrid, type Panel} from "../charts/panels.js";
import type {Chart, Frame} from "../charts/types.js";
import {byModelAndMethod, distinct, groupedBy, rowsOf, withNumbers, type PaperTable, type Row} from "./records.js";

/** Silhouette scores: a panel for each model, the paper's own beside them where it has any. */
export function silhouetteBars(table: PaperTable, frame: Frame): Chart {
  const rows = rowsOf(table);
  const panels = distinct(rows, "model").map((model): Panel => {
    const own = rows.filter((row) => row.text("model") === model);
    const scores = own.map((row) => ({encoder: row.text("encoder"), silhouette: row.number("silhouette")}));
    const published = own.flatMap((row) => {
      const silhouette = row.number("paper_silhouette");
      return silhouette === null ? [] : [{encoder: `${row.text("encoder")} (paper)`, silhouette}];
    });
    return {title: model, chart: silhouettes({rows: [...scores, ...published], marginTop: 26}, frame)};
  });
  return arrange(frame, table.title, panels, oneColumn(frame));
}

interface Place {
  x: number;
  y: number;
  behavior: string;
}

function placesOf(rows: readonly Row[]): Place[] {
  return withNumbers(rows, "umap_1", "umap_2").map(([row, x, y]) => ({x, y, behavior: row.text("behavior")}));
}

interface Space {
  title: string;
  places: Place[];
}

function spacesOf(rows: readonly Row[]): Space[] {
  const models = groupedBy(rows, "model");
  return [...models].flatMap(([model, ofModel]) => {
    const firstSeed = [...groupedBy(ofModel, "seed").values()][0] ?? [];
    return [...groupedBy(firstSeed, "encoder")].map(([encoder, own]) => ({
      title: models.size > 1 ? `${model}, ${encoder}` : encoder,
      places: placesOf(own),
    }));
  });
}

// More would cover each other, and make files of many megabytes.
const mostPlaces = 2000;

/** UMAP of each encoder's space; of the first seed. */
export function encoderMaps(table: PaperTable, frame: Frame): Chart {
  const rows = rowsOf(table);
  const behaviors = distinct(rows, "behavior");
  const spaces = spacesOf(rows);
  const entries = behaviorLegend(behaviors);
  const grid = panelGrid(frame, spaces.length, 0, 250);
  const width = grid.widths[0];
  const small: Frame = {...frame, width, height: Math.round(width * 0.85) + 22};
  const most = spaces.reduce((count, {places}) => Math.max(count, places.length), 0);
  const step = Math.max(1, Math.ceil(most / mostPlaces));
  const panels = spaces.map(({title, places}): Panel => {
    const points = places.filter((_, i) => i % step === 0);
    return {title, chart: encoderMap({points, colorBy: "behavior", behaviors, hasNames: false, marginTop: 24}, small)};
  });
  const note = step > 1 ? `one prompt in ${step} is shown` : "";
  const chart = arrange(frame, table.title, panels, grid, legendHeight(entries, frame) + 4, note);
  addLegend(chart, entries, frame);
  return chart;
}

interface Accuracy {
  behavior: string;
  encoder: string;
  accuracy: number;
}

function accuraciesOf(rows: readonly Row[]): Accuracy[] {
  return withNumbers(rows, "cv_accuracy").map(([row, accuracy]) => ({
    behavior: row.text("behavior"),
    encoder: row.text("encoder"),
    accuracy,
  }));
}

/** Accuracy of the layer predictor: a panel for each model and method, behaviours by encoders. */
export function encoderAccuracies(table: PaperTable, frame: Frame): Chart {
  const rows = rowsOf(table);
  const behaviors = distinct(rows, "behavior");
  const size = fontSize(frame);
  const [low, high] = domainOf(accuraciesOf(rows).map(({accuracy}) => accuracy));
  const colors = valueColors(low, high);
  const room = nameRoom(behaviors, frame);
  const panels = byModelAndMethod(rows).map(({title, rows: part}): Panel => {
    const accuracies = accuraciesOf(part);
    const encoders = distinct(part, "encoder");
    const fill = ({accuracy}: Accuracy): string => css(colors.rgb(accuracy));
    // Slanted names need less room below than upright ones.
    const below = Math.round(0.72 * labelRoom(encoders, frame)) + 20;
    const chart = draw(frame, "", {
      height: 28 + below + behaviors.length * 22,
      marginTop: 28,
      marginBottom: below,
      marginLeft: room,
      marginRight: 40,
      x: {type: "band", domain: encoders, label: null, tickSize: 0, tickRotate: -40, padding: 0.03},
      y: nameAxis(behaviors, room, frame, 0.05),
      marks: [
        named("accuracies", Plot.cell(accuracies, {x: "encoder", y: "behavior", fill})),
        Plot.text(accuracies, {
          x: "encoder",
          y: "behavior",
          text: ({accuracy}: Accuracy) => accuracy.toFixed(2),
          fontSize: size - 1,
          fill: (row: Accuracy) => textColor(fill(row)),
        }),
      ],
      color: {type: "identity"},
    });
    return {title, chart};
  });
  const chart = arrange(frame, table.title, panels, oneColumn(frame), colorBarHeight(frame) + 8);
  addColorBar(
    chart,
    {colors, label: "accuracy of the layer predictor, held-out samples in cross-validation"},
    frame,
    0,
  );
  return chart;
}
