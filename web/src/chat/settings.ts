// What the controls say, and the request that it becomes.
import type {ChatMessage, ChatRequest, LayerChoice, SteeringRequest, VectorEntry} from "./contract.js";

export interface VectorSetting {
  readonly entry: VectorEntry;
  readonly on: boolean;
  readonly scale: number;
  readonly layer: LayerChoice | "fixed";
}

export interface Sampling {
  readonly system: string;
  readonly temperature: number;
  readonly maxTokens: number;
  /** Null: the server's choice, another one each time. */
  readonly seed: number | null;
}

export interface Settings {
  readonly model: string;
  readonly vectors: readonly VectorSetting[];
  readonly sampling: Sampling;
  /** Whether the unsteered model answers as well. */
  readonly compare: boolean;
}

/** Greedy, so that two answers differ only by their steering. */
export const defaultSampling: Sampling = {system: "", temperature: 0, maxTokens: 128, seed: null};

export const largestSliderScale = 3;
/** The API's own limit is far beyond what leaves an answer readable. */
export const largestScale = 100;

/** The first vector is on, so that a first question already shows a difference. */
export function defaultVectors(entries: readonly VectorEntry[]): VectorSetting[] {
  return entries.map((entry, i) => ({entry, on: i === 0, scale: 1, layer: defaultLayer(entry)}));
}

function defaultLayer({has_predictor, fixed_layer, layers}: VectorEntry): VectorSetting["layer"] {
  if (has_predictor) return "auto";
  if (fixed_layer !== null) return "fixed";
  return layers[Math.floor(layers.length / 2)] ?? 0;
}

function steeringOf({entry, scale, layer}: VectorSetting): SteeringRequest {
  return {name: entry.name, scale, layer: layer === "fixed" ? (entry.fixed_layer ?? 0) : layer};
}

/** With steering only if a vector is on. */
export function requestFor(settings: Settings, messages: ChatMessage[], steered: boolean): ChatRequest {
  const {model, sampling} = settings;
  const vectors = settings.vectors.filter(({on}) => on).map(steeringOf);
  return {
    model,
    messages,
    temperature: sampling.temperature,
    max_tokens: sampling.maxTokens,
    ...(sampling.seed !== null && {seed: sampling.seed}),
    ...(steered && vectors.length > 0 && {steering: {vectors}}),
  };
}

/** A number that was typed, within limits; null for what is none. */
export function typedNumber(text: string, low: number, high: number): number | null {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return null;
  return Math.min(high, Math.max(low, value));
}
