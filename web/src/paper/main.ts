// The paper's figures as SVG documents, without a browser: the program calls paperFigures in QuickJS.
import "./stand_ins.js"; // before the packages that need them

import {parseHTML} from "linkedom";

import {palette} from "../charts/color.js";
import {standaloneSvg} from "../charts/standalone.js";
import type {Chart, Frame} from "../charts/types.js";
import {encoderAccuracies, encoderMaps, silhouetteBars} from "./encoder_figures.js";
import {bestLayerShares, layerMeans} from "./layer_figures.js";
import {optimum} from "./optimum_figure.js";
import {
  kthBest,
  labelSmoothing,
  policyProportion,
  policySteerability,
  topKAccuracy,
  variant,
} from "./policy_figures.js";
import type {PaperTable} from "./records.js";

const figures: Record<string, (table: PaperTable, frame: Frame) => Chart> = {
  figure1: optimum,
  "figure1-layers": bestLayerShares,
  figure3: policySteerability,
  figure4: policyProportion,
  "supp-figures1-2": variant,
  "supp-figures3-4": variant,
  "supp-figures5-6": variant,
  "supp-figures7-8": variant,
  "supp-figure9": silhouetteBars,
  "supp-figure9-points": encoderMaps,
  "supp-figures10-11": encoderAccuracies,
  "supp-figures14-15": layerMeans,
  "supp-figures16-17": kthBest,
  "supp-figure18": topKAccuracy,
  "supp-figures19-22": labelSmoothing,
};

export interface PaperFigure {
  id: string;
  title: string;
  /** An SVG document. */
  svg: string;
}

/** A figure for each table that is one and has rows. */
export function drawFigures(tables: readonly PaperTable[]): PaperFigure[] {
  const {document} = parseHTML("<!doctype html><html><body></body></html>");
  const frame: Frame = {document, width: 900, colors: palette, fontFamily: "Helvetica, Arial, sans-serif"};
  return tables.flatMap((table) => {
    const drawFigure = Object.hasOwn(figures, table.id) ? figures[table.id] : undefined;
    if (!drawFigure || table.table.rows.length === 0) return [];
    const chart = drawFigure(table, frame);
    const svg = standaloneSvg(chart, table.title, table.notes.trim() || table.title);
    return [{id: table.id, title: table.title, svg}];
  });
}

(globalThis as {paperFigures?: (json: string) => string}).paperFigures = (json) =>
  JSON.stringify(drawFigures(JSON.parse(json) as PaperTable[]));
