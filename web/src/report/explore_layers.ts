// Finding samples in the chart of steerability by layer: each sample's own line under the pointer or the arrow keys.
import {type Chart, element, nearestSample, palette} from "../charts/index.js";
import type {Exploration} from "./chart_view.js";
import {number} from "../common/format.js";
import type {Slice} from "./scope.js";
import {visibleLine} from "../common/visible_text.js";

interface SampleAtLayer {
  /** Place in the slice. */
  sample: number;
  /** Model layer. */
  layer: number;
}

/** The value, or the end of the domain that is nearest to it. */
function clampedTo(domain: Iterable<unknown> | undefined, value: number): number {
  const ends = [...(domain ?? [])].map(Number);
  return ends.length === 0 ? value : Math.min(Math.max(...ends), Math.max(Math.min(...ends), value));
}

export function exploreLayers(slice: Slice, open: (sampleOfSweep: number) => void): Exploration<SampleAtLayer> {
  const {layers} = slice.sweep;
  const matrix = {layers, samples: slice.samples.length, values: slice.values};
  const value = (sample: number, layer: number): number =>
    slice.values[sample * layers.length + layers.indexOf(layer)]!;

  const ranked = (layer: number): number[] =>
    slice.samples.map((_, sample) => sample).toSorted((a, b) => value(b, layer) - value(a, layer));

  const move = (from: SampleAtLayer | null, key: string): SampleAtLayer => {
    if (!from) {
      const layer = slice.sweep.method.fixedLayer;
      return {sample: ranked(layer)[0] ?? 0, layer};
    }
    const column = layers.indexOf(from.layer);
    const last = layers.length - 1;
    if (key === "Home") return {...from, layer: layers[0]!};
    if (key === "End") return {...from, layer: layers[last]!};
    if (key === "ArrowLeft") return {...from, layer: layers[Math.max(0, column - 1)]!};
    if (key === "ArrowRight") return {...from, layer: layers[Math.min(last, column + 1)]!};
    const order = ranked(from.layer);
    const rank = order.indexOf(from.sample) + (key === "ArrowUp" ? -1 : 1);
    return {...from, sample: order[Math.min(order.length - 1, Math.max(0, rank))]!};
  };

  const mark = (chart: Chart, {sample, layer}: SampleAtLayer) => {
    const x = chart.scale("x")!;
    const y = chart.scale("y")!;
    const at = (each: number): [number, number] => [
      x.apply(each) as number,
      y.apply(clampedTo(y.domain, value(sample, each))) as number,
    ];
    const line = layers
      .map((each) =>
        at(each)
          .map((coordinate) => coordinate.toFixed(1))
          .join(","),
      )
      .join(" ");
    const [cx, cy] = at(layer);
    const marks = [
      element(document, "polyline", {points: line, fill: "none", stroke: palette.highlight, "stroke-width": 1.8}),
      element(document, "circle", {
        cx,
        cy,
        r: 4.5,
        fill: palette.highlight,
        stroke: "var(--surface)",
        "stroke-width": 1.5,
      }),
    ];
    return {element: element(document, "g", {}, ...marks), x: cx, y: cy};
  };

  return {
    at: (chart, x, y) => nearestSample(matrix, chart, x, y),
    move,
    same: (a, b) => a.sample === b.sample && a.layer === b.layer,
    describe: ({sample, layer}) =>
      `${visibleLine(slice.ids[sample]!, 60)}, layer ${layer}: ${number(value(sample, layer))}`,
    mark,
    open: ({sample}) => open(slice.samples[sample]!),
  };
}
