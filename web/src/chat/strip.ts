// The layers of the model as a row of cells: where an answer was steered, and what the predictor said of all layers.
import {number, percent} from "../common/format.js";
import type {Applied, SteeringEcho, VectorEntry} from "./contract.js";

export interface Cell {
  layer: number;
  /** Null where no predictor was asked, or for a layer that it cannot choose. */
  probability: number | null;
  /** Of the most likely layer's probability, 0 to 1. */
  shade: number;
  /** The scale that was added at this layer; null where nothing was. */
  scale: number | null;
  isFixed: boolean;
}

export interface Strip {
  name: string;
  cells: Cell[];
  applied: Applied[];
  byPredictor: boolean;
}

/** As far as the server's vectors tell. */
export function layerCount(entries: readonly VectorEntry[]): number {
  return entries.reduce((count, {layers}) => Math.max(count, (layers.at(-1) ?? -1) + 1), 0);
}

/** One for each vector that steered, in the order of the request. */
export function strips(echo: SteeringEcho, entries: readonly VectorEntry[]): Strip[] {
  const names = [...new Set(echo.applied.map(({name}) => name))];
  return names.map((name) => stripOf(name, echo, entries));
}

function stripOf(name: string, echo: SteeringEcho, entries: readonly VectorEntry[]): Strip {
  const applied = echo.applied.filter((each) => each.name === name);
  const predicted = echo.predicted.find((each) => each.name === name);
  const fixed = entries.find((entry) => entry.name === name)?.fixed_layer ?? null;
  const probabilities = new Map(predicted?.layers.map((layer, i) => [layer, predicted.probabilities[i]!]));
  const highest = Math.max(...probabilities.values(), 0);
  const last = Math.max(...applied.map(({layer}) => layer), ...probabilities.keys());
  const cells = Array.from({length: Math.max(layerCount(entries), last + 1)}, (_, layer): Cell => {
    const probability = probabilities.get(layer) ?? null;
    const scale = applied.find((each) => each.layer === layer)?.scale ?? null;
    return {layer, probability, shade: highest > 0 ? (probability ?? 0) / highest : 0, scale, isFixed: layer === fixed};
  });
  return {name, cells, applied, byPredictor: predicted !== undefined};
}

/** "layer 21, 63% sure"; "layer 12, chosen by hand"; "layers 20, 21 and 22". */
export function captionOf({applied, byPredictor}: Strip): string {
  const [first] = applied;
  if (!first) return "nowhere";
  if (applied.length > 1) {
    const layers = applied.map(({layer}) => layer);
    return `layers ${layers.slice(0, -1).join(", ")} and ${layers.at(-1)}`;
  }
  if (!byPredictor) return `layer ${first.layer}, chosen by hand`;
  return `layer ${first.layer}, ${percent(first.confidence, 0)} sure`;
}

export function describeCell({layer, probability, scale, isFixed}: Cell): string {
  const parts = [`Layer ${layer}`];
  if (probability !== null) parts.push(`${percent(probability)} likely`);
  if (scale !== null) parts.push(`steered here, scale ${scaleText(scale)}`);
  if (isFixed) parts.push("best fixed layer");
  return parts.join(" · ");
}

export function scaleText(scale: number): string {
  return number(scale, Number.isInteger(Math.round(scale * 100) / 10) ? 1 : 2);
}
