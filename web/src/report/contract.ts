// What the program writes into the page (src/report in the C++ source): a summary, which is all that the first screen
// needs, and blocks with the samples of each behaviour, which are unpacked when they are looked at.

/** JSON in <script type="application/json" id="summary">. */
export interface Summary {
  /** The results folder's name. */
  title: string;
  /** settings.json of the folder. */
  settings: {measurement: Record<string, string>; data: Record<string, string>; run: Record<string, string>};
  /** The program that made this page. */
  program: {w2s: string; "llama.cpp": string};
  modelLayers: number;
  /** Swept layers, ascending. */
  layers: number[];
  /** Ascending. */
  multipliers: number[];
  /** Methods to show, the main one first. */
  methods: string[];
  behaviors: BehaviorSummary[];
  /** The rows of results.json; behaviour "mean" is the mean over behaviours. */
  results: PolicyResult[];
  /** Of `w2s encoders`; null if it was not run. */
  encoders: EncoderComparison | null;
}

export interface BehaviorSummary {
  name: string;
  /** In BASE. */
  samples: number;
  noise: {samples: number; propensity: number; steerability: number; bestLayerChanges: number} | null;
  /** Seconds by stage of the run, in order; empty where they were not recorded. */
  seconds: {stage: string; seconds: number}[];
  /** Id of the <script type="text/plain"> that holds a SamplesBlock: base64 of zlib-compressed JSON. */
  samplesBlock: string;
  /** In the order of Summary.methods. */
  methods: MethodSummary[];
}

export interface MethodSummary {
  method: string;
  /** The prompt encoder of its predictors. */
  encoder: string;
  fixedLayer: number;
  /** Whose sweep chose the fixed layer. */
  fixedLayerMethod: string;
  /** The policy that `choices` and `probabilities` are shown of by default, for instance "w2s-top1". */
  defaultPolicy: string;
  /** [layers]: mean steerability of training and validation samples. */
  fittingMean: number[];
  /** [layers]: test samples whose best layer it is. */
  bestCount: number[];
  /** Mean over test samples of |best layer - fixed layer|. */
  distanceFromFixed: number;
  /** Mean steerability of the test samples at each one's best, 2nd, 3rd, 4th best layer. */
  kthBest: (number | null)[];
  /** Mean steerability of the test samples at the fixed layer. */
  fixed: number;
  predictors: PredictorSummary[];
  /** How near the vectors come to the oracle vectors of validation samples; null for a method that does not learn. */
  agreement: {cosine: number; relativeError: number} | null;
  /** Id of the <script type="text/plain"> that holds a numbers block: base64 of zlib-compressed bytes, see unpack.ts. */
  numbersBlock: string;
  /** What a whole number in the numbers block stands for, in logits. */
  propensityStep: number;
}

export interface PredictorSummary {
  /** "w2s-top1", "w2s-top2", ..., "w2s-expected". */
  policy: string;
  /** Layers it chooses among, ascending. */
  layers: number[];
  settings: PredictorSettings;
  /** The final networks were trained for. */
  epochs: number;
  seeds: number;
  /** The whole grid of cross-validation; empty where the file does not tell. */
  scores: (PredictorSettings & {steerability: number; accuracy: number; epochs: number})[];
  /** Of the chosen settings, a curve for each fold; empty where the file does not tell. */
  curves: {training: number[]; heldOut: number[]}[];
}

export interface PredictorSettings {
  learningRate: number;
  hiddenWidth: number;
  hiddenLayers: number;
  weightDecay: number;
}

/** As in results.json. */
export interface PolicyResult {
  behavior: string;
  method: string;
  variant: string;
  split: string;
  policy: string;
  layer: number | null;
  samples: number;
  steerability: number;
  steerability_sd: number | null;
  proportion_steerable: number;
  proportion_sd: number | null;
  gain_over_fixed: {mean: number; low: number; high: number} | null;
  regret: number | null;
  accuracy: number | null;
}

/** As in encoders.json. */
export interface EncoderComparison {
  scores: {
    encoder: string;
    behavior: string;
    method: string;
    cv_accuracy: number;
    cv_steerability: number;
    test_accuracy: number;
    test_steerability: number;
  }[];
  spaces: {
    encoder: string;
    width: number;
    silhouette: number | null;
    /** Id of the <script type="text/plain"> that holds a PointsBlock: base64 of zlib-compressed JSON. */
    pointsBlock: string;
  }[];
}

/** Samples in the order of every other array by sample, which is that of the sweep. */
export interface SamplesBlock {
  ids: string[];
  /** "train", "validation" or "test". */
  parts: string[];
  /** Null where the folder has no texts of its prompts (made by an older version). */
  prompts: PromptText[] | null;
  /** By method: what happened to each sample. */
  methods: Record<
    string,
    {
      /** Model layer that is best for each sample. */
      best: number[];
      /** By policy: the model layer that the predictor (of the first seed) chose for each sample. */
      choices: Record<string, number[]>;
    }
  >;
}

/** A prompt as the model saw it, chat template included. */
export interface PromptText {
  /** Up to the steered token. */
  before: string;
  steered: string;
  /** The two next tokens that are compared. */
  chosen: string;
  rejected: string;
}

/** By behaviour, in the order of Summary.behaviors; points in the order of the behaviour's samples. */
export interface PointsBlock {
  behaviors: {behavior: string; samples: string[]; x: number[]; y: number[]}[];
}
