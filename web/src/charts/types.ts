// What the charts take and give. A chart is a pure function of its data and of a frame: the page and the program without
// a browser draw the same pictures with it.
import type {Plot} from "@observablehq/plot";

/** A drawn chart. `scale(name)` tells Plot's scales (`apply`, `invert`), for what moves over it. */
export type Chart = SVGSVGElement & Pick<Plot, "scale">;

/** The numbers of a chart, for people who read tables and for CSV. */
export interface Table {
  columns: string[];
  rows: (string | number | null)[][];
  /** Columns with shares of 1, which people read in percent. */
  shares?: readonly string[] | undefined;
}

export interface Palette {
  fixed: string;
  /** The layer that the predictor chooses. */
  w2s: string;
  optimum: string;
  /** Policies that look at nothing: random, majority. */
  random: string;
  training: string;
  heldOut: string;
  /** One sample among many. */
  highlight: string;
  /** Behind the chart: the halo of labels. A CSS colour or variable. */
  background: string;
}

/** Where a chart is drawn. Text and axes take the CSS colour of the place (currentColor). */
export interface Frame {
  document: Document;
  /** In pixels; 360 is the narrowest that charts are made for. */
  width: number;
  /** The chart's own choice where absent. */
  height?: number | undefined;
  colors: Palette;
  /** In pixels; 12 where absent. */
  fontSize?: number | undefined;
  fontFamily?: string | undefined;
}

/** Steerabilities: values[sample * layers.length + layer]. */
export interface LayerMatrix {
  /** Model layers, ascending. */
  layers: readonly number[];
  samples: number;
  values: ArrayLike<number>;
}

export interface LayerCurveData extends LayerMatrix {
  fixedLayer: number;
  /** Index of a sample whose own line is drawn. */
  highlighted?: number | null | undefined;
}

export type SampleOrder = "best" | "gain" | "file" | "predicted";

export interface SampleMapData extends LayerMatrix {
  /** By sample; rows have numbers where absent. */
  ids?: readonly string[] | undefined;
  fixedLayer: number;
  /** Model layer, by sample. */
  best: readonly number[];
  /** Model layer that the predictor chose, by sample; null where it was not asked. */
  predicted: readonly (number | null)[] | null;
  order: SampleOrder;
}

/** Steerabilities of the same samples at three layers. */
export interface GainData {
  /** By sample; rows have numbers where absent. */
  ids?: readonly string[] | undefined;
  fixed: ArrayLike<number>;
  w2s: ArrayLike<number> | null;
  optimum: ArrayLike<number>;
}

export interface BestLayerData {
  layers: readonly number[];
  /** Samples whose best layer it is, by layer. */
  count: readonly number[];
  fixedLayer: number;
}

export interface KthBestData {
  /** Mean steerability at the fixed layer. */
  fixed: number;
  /** Mean steerability at the best, 2nd best, ... layer of each sample. */
  kthBest: readonly (number | null)[];
}

export interface TopKData {
  /** In the order of the chart, for instance "Top-1", "Top-2". */
  rows: readonly {
    label: string;
    accuracy: number | null;
    steerability: number | null;
    sd?: number | null | undefined;
  }[];
  /** Mean steerability at the fixed layer. */
  fixed: number | null;
}

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

export type Measure = "steerability" | "proportion";

export interface VariantData {
  measure: Measure;
  /** Variants and behaviours in the order of the chart; gain is of W2S over the fixed layer, in steerability. */
  rows: readonly {
    behavior: string;
    variant: string;
    fixed: number | null;
    w2s: number | null;
    gain?: Interval | null | undefined;
  }[];
}

export interface OverviewData {
  measure: Measure;
  rows: readonly {
    behavior: string;
    fixed: number | null;
    w2s: number | null;
    optimum: number | null;
    gain?: Interval | null | undefined;
  }[];
}

export interface EncoderMapData {
  points: readonly {x: number; y: number; behavior: string; /** Best layer. */ layer?: number | null | undefined}[];
  colorBy: "behavior" | "layer";
  /** The order, and so the colour and symbol, of behaviours; that of their appearance where absent. */
  behaviors?: readonly string[] | undefined;
  /** False for maps with a legend elsewhere. */
  hasNames?: boolean | undefined;
  /** Room above the map. */
  marginTop?: number | undefined;
}

export interface SilhouetteData {
  /** Room above the bars. */
  marginTop?: number | undefined;
  rows: readonly {encoder: string; silhouette: number | null}[];
}

export interface TrainingData {
  /** By fold; losses by epoch. */
  curves: readonly {training: readonly number[]; heldOut: readonly number[]}[];
  /** That the final networks were trained for. */
  epochs: number | null;
}

export interface Settings {
  learningRate: number;
  hiddenWidth: number;
  hiddenLayers: number;
  weightDecay: number;
}

export interface ValidationGridData {
  scores: readonly (Settings & {steerability: number; accuracy: number})[];
  chosen: Settings | null;
}

export interface NoiseData {
  /** All in the unit of steerability; gain is of W2S over the fixed layer. */
  rows: readonly {
    behavior: string;
    noise: number | null;
    steerability: number | null;
    gain: number | null;
  }[];
}

export interface PropensityData {
  layers: readonly number[];
  multipliers: readonly number[];
  /** values[layer * multipliers.length + multiplier] */
  values: ArrayLike<number>;
  fixedLayer: number;
  predictedLayer: number | null;
  bestLayer: number;
}

export interface ProbabilityData {
  /** Layers that the predictor chooses among. */
  layers: readonly number[];
  probabilities: ArrayLike<number>;
  /** All layers of the strip; those that the predictor does not know stay empty. */
  sweptLayers: readonly number[];
  fixedLayer: number;
  predictedLayer: number | null;
  bestLayer: number;
}
