// What the server writes into the page, and what it answers under /v1. src/serve is its other side.

/** Known without a key, so that the page need not ask for what it cannot have. */
export interface ServerFacts {
  /** Whether requests must show a key. */
  keys: boolean;
  /** Whether there is something at /report. */
  report: boolean;
}

/** One of GET /v1/steering/vectors. */
export interface VectorEntry {
  name: string;
  method: string;
  /** Those with a vector, ascending. */
  layers: number[];
  /** Whether the layer can be "auto". */
  has_predictor: boolean;
  fixed_layer: number | null;
}

export type LayerChoice = "auto" | "auto:3" | number;

/** One of a request's `steering.vectors`. */
export interface SteeringRequest {
  name: string;
  scale: number;
  layer: LayerChoice;
}

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What is done at one layer. */
export interface Applied {
  name: string;
  layer: number;
  scale: number;
  /** The predictor's probability of the layer; null where a request named it. */
  confidence: number | null;
}

/** What a predictor said of a prompt. */
export interface Predicted {
  name: string;
  layers: number[];
  probabilities: number[];
}

/** The field `steering` of a stream's first chunk. */
export interface SteeringEcho {
  applied: Applied[];
  predicted: Predicted[];
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  temperature: number;
  max_tokens: number;
  seed?: number;
  steering?: {vectors: SteeringRequest[]};
}

export interface ErrorObject {
  message: string;
  type?: string;
  param?: string | null;
  code?: string | null;
}

/** A chunk of a streamed answer, as far as the page reads it. */
export interface Chunk {
  choices?: {delta?: {content?: string | null}; finish_reason?: string | null}[];
  steering?: SteeringEcho;
  usage?: {completion_tokens: number} | null;
  error?: ErrorObject;
}
