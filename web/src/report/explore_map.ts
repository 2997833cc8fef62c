// Finding samples in the heat map: a row is a sample, a column a layer.
import {cellAt, type Chart, element, palette, type SampleMapData, sampleOrder} from "../charts/index.js";
import type {Exploration} from "./chart_view.js";
import {number} from "../common/format.js";
import type {Slice} from "./scope.js";
import {visibleLine} from "../common/visible_text.js";

interface Cell {
  row: number;
  /** Place in the slice. */
  sample: number;
  /** Model layer. */
  layer: number;
}

export function exploreMap(
  slice: Slice,
  data: SampleMapData,
  open: (sampleOfSweep: number) => void,
): Exploration<Cell> {
  const {layers} = slice.sweep;
  const order = sampleOrder(data);
  const value = ({sample, layer}: Cell): number => slice.values[sample * layers.length + layers.indexOf(layer)]!;
  const cell = (row: number, column: number): Cell => ({row, sample: order[row]!, layer: layers[column]!});

  const move = (from: Cell | null, key: string): Cell => {
    const last = layers.length - 1;
    if (!from) return cell(0, Math.max(0, layers.indexOf(data.fixedLayer)));
    const column = layers.indexOf(from.layer);
    if (key === "Home") return cell(from.row, 0);
    if (key === "End") return cell(from.row, last);
    if (key === "ArrowLeft") return cell(from.row, Math.max(0, column - 1));
    if (key === "ArrowRight") return cell(from.row, Math.min(last, column + 1));
    return cell(Math.min(order.length - 1, Math.max(0, from.row + (key === "ArrowUp" ? -1 : 1))), column);
  };

  const mark = (chart: Chart, {row, layer}: Cell) => {
    const x = chart.scale("x")!;
    const y = chart.scale("y")!;
    const width = x.bandwidth!;
    const left = x.apply(layer) as number;
    const [first, last] = [layers[0]!, layers.at(-1)!].map((each) => x.apply(each) as number) as [number, number];
    const top = y.apply(row) as number;
    const bottom = y.apply(row + 1) as number;
    const height = Math.max(3, bottom - top);
    const middle = (top + bottom) / 2;
    const line = {y: middle - height / 2, height, fill: "none", stroke: palette.highlight};
    const marks = [
      element(document, "rect", {...line, x: first, width: last + width - first, "stroke-width": 1}),
      element(document, "rect", {...line, x: left, width, "stroke-width": 2.5}),
    ];
    return {element: element(document, "g", {}, ...marks), x: left + width / 2, y: middle};
  };

  const describe = (place: Cell): string => {
    const {sample, layer} = place;
    const roles = [
      layer === slice.sweep.method.fixedLayer ? "fixed" : "",
      layer === slice.predicted?.[sample] ? "predicted" : "",
      layer === slice.best[sample] ? "best" : "",
    ].filter((role) => role !== "");
    const suffix = roles.length > 0 ? ` (${roles.join(", ")})` : "";
    return `${visibleLine(slice.ids[sample]!, 60)}, layer ${layer}: ${number(value(place))}${suffix}`;
  };

  return {
    at: (chart, x, y) => cellAt(data, chart, x, y),
    move,
    same: (a, b) => a.row === b.row && a.layer === b.layer,
    describe,
    mark,
    open: ({sample}) => open(slice.samples[sample]!),
  };
}
