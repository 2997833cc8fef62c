// Made-up results, from a seed: a page of them looks like that of a real run, in any size.
import {deflateSync} from "node:zlib";
import type {
  BehaviorSummary,
  EncoderComparison,
  MethodSummary,
  PolicyResult,
  PredictorSettings,
  PredictorSummary,
  PromptText,
  SamplesBlock,
  Summary,
} from "../src/report/contract.js";

export interface SyntheticOptions {
  seed?: number;
  behaviors?: string[];
  samples?: number;
  layers?: number;
  multipliers?: number[];
  methods?: string[];
  /** With prompt variants and encoders, which not every folder has. */
  complete?: boolean;
  prompts?: boolean;
  prompt?: (behavior: string, sample: number) => PromptText;
  id?: (behavior: string, sample: number) => string;
}

export interface Synthetic {
  summary: Summary;
  /** By id: what its <script> holds. */
  blocks: Map<string, string>;
}

type Random = () => number;

/** SplitMix32. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export const pack = (bytes: Uint8Array | string): string =>
  deflateSync(typeof bytes === "string" ? Buffer.from(bytes) : bytes).toString("base64");

/** The bytes of a numbers block, as contract.ts tells. */
export function packNumbers(
  propensity: Float64Array,
  samples: number,
  baseAt: number,
  step: number,
  probability: Float64Array,
): Buffer {
  const each = propensity.length / samples;
  const bytes = Buffer.alloc(4 * samples + 2 * propensity.length + probability.length);
  const high = 4 * samples;
  const low = high + propensity.length;
  for (let sample = 0; sample < samples; ++sample) {
    const base = Math.fround(propensity[sample * each + baseAt]!);
    bytes.writeFloatLE(base, 4 * sample);
    for (let i = sample * each; i < (sample + 1) * each; ++i) {
      const steps = Math.round((propensity[i]! - base) / step);
      bytes.writeUInt8((steps >> 8) & 255, high + i);
      bytes.writeUInt8(steps & 255, low + i);
    }
  }
  probability.forEach((value, i) => bytes.writeUInt8(Math.round(value * 255), low + propensity.length + i));
  return bytes;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const subjects = [
  "soup",
  "camera",
  "hotel room",
  "concert",
  "bicycle",
  "essay",
  "garden",
  "keyboard",
  "train",
  "novel",
];

function ordinaryPrompt(behavior: string, sample: number): PromptText {
  const subject = subjects[sample % subjects.length]!;
  return {
    before:
      "<|im_start|>system\nYou are a helpful, honest and concise assistant.<|im_end|>\n<|im_start|>user\n" +
      `Write sentence ${sample} of a review of the ${subject}, with ${behavior} in mind.<|im_end|>\n` +
      `<|im_start|>assistant\nThe ${subject}`,
    steered: " was",
    chosen: " excellent",
    rejected: " poor",
  };
}

export function synthetic(options: SyntheticOptions = {}): Synthetic {
  const {
    seed = 1,
    behaviors = ["optimistic-outlook"],
    samples = 120,
    layers: layerCount = 30,
    multipliers = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5],
    methods = ["caa"],
    complete = true,
    prompts = true,
    prompt = ordinaryPrompt,
    id = (_behavior: string, sample: number) => `s${String(sample).padStart(4, "0")}`,
  } = options;
  const random = randomOf(seed);
  const layers = Array.from({length: layerCount}, (_, layer) => layer);
  const blocks = new Map<string, string>();
  const results: PolicyResult[] = [];

  const summaries = behaviors.map((name, index): BehaviorSummary => {
    const parts = Array.from({length: samples}, (_, sample) =>
      sample % 10 < 5 ? "test" : sample % 10 < 9 ? "train" : "validation",
    );
    const block: SamplesBlock = {
      ids: Array.from({length: samples}, (_, sample) => id(name, sample)),
      parts,
      prompts: prompts ? Array.from({length: samples}, (_, sample) => prompt(name, sample)) : null,
      methods: {},
    };
    const methodSummaries = methods.map((method, place) => {
      const made = makeMethod({
        random,
        name,
        method,
        layers,
        multipliers,
        parts,
        lift: 1 + 0.5 * place,
        index,
        complete,
      });
      block.methods[method] = {best: made.best, choices: made.choices};
      results.push(...made.results);
      const numbersBlock = `numbers-${index}-${place}`;
      blocks.set(numbersBlock, pack(made.bytes));
      return {...made.summary, numbersBlock};
    });
    const samplesBlock = `samples-${index}`;
    blocks.set(samplesBlock, pack(JSON.stringify(block)));
    return {
      name,
      samples,
      noise: {samples: 4, propensity: 5.7e-6, steerability: 4.8e-6, bestLayerChanges: 0},
      seconds: complete
        ? [
            {stage: "representations", seconds: 4.2},
            {stage: "vectors", seconds: 0.4},
            {stage: "sweep", seconds: 312.5},
            {stage: "predictor", seconds: 48.1},
          ]
        : [],
      samplesBlock,
      methods: methodSummaries,
    };
  });
  if (behaviors.length > 1) results.push(...meanRows(results));

  const summary: Summary = {
    title: "synthetic results",
    settings: {
      measurement: {
        architecture: "llama",
        layers: layers.join(","),
        methods: methods.join(","),
        model: "6532799f494167f79cf75f7de685ad44fe6a1fe1a9cd41d7a2cd9603e64d4b9b",
        multipliers: multipliers.join(","),
        seed: String(seed),
      },
      data: Object.fromEntries(
        behaviors.map((name, index) => [name, (0x1234567 * (index + 3)).toString(16).repeat(8).slice(0, 64)]),
      ),
      run: {
        machine: "Made up, 2 cores",
        "model file": "Synthetic-135M-F32.gguf",
        threads: "2",
        w2s: "0.1.0",
        weights: "F32",
      },
    },
    program: {w2s: "0.1.0", "llama.cpp": "0.5.0-dev"},
    modelLayers: layerCount,
    layers,
    multipliers,
    methods,
    behaviors: summaries,
    results,
    encoders: complete ? makeEncoders(random, behaviors, samples, methods, blocks, id) : null,
  };
  return {summary, blocks};
}

interface MethodInput {
  random: Random;
  name: string;
  method: string;
  layers: number[];
  multipliers: number[];
  parts: string[];
  lift: number;
  index: number;
  complete: boolean;
}

function makeMethod(input: MethodInput): {
  summary: Omit<MethodSummary, "numbersBlock">;
  best: number[];
  choices: Record<string, number[]>;
  results: PolicyResult[];
  bytes: Buffer;
} {
  const {random, layers, multipliers, parts} = input;
  const samples = parts.length;
  const steerability: number[][] = [];
  const propensity = new Float64Array(samples * layers.length * multipliers.length);
  const groups = [0.52, 0.62, 0.7, 0.78];
  let at = 0;
  for (let sample = 0; sample < samples; ++sample) {
    const centre = layers.length * (groups[(sample * 7) % groups.length]! + 0.02 * normal(random));
    const height = input.lift * (1.8 + 0.3 * input.index * 0.3 + 0.5 * normal(random));
    const offset = 3 * normal(random);
    steerability.push(
      layers.map((layer) => {
        const distance = (layer - centre) / (layers.length * 0.16);
        const slope = height * Math.exp(-distance * distance) + 0.08 * normal(random) - 0.05;
        for (const multiplier of multipliers)
          propensity[at++] =
            offset + slope * multiplier - 0.12 * slope * multiplier * multiplier + 0.02 * (random() - 0.5);
        return slope;
      }),
    );
  }
  const bestOf = (row: number[]): number => layers[row.indexOf(Math.max(...row))]!;
  const best = steerability.map(bestOf);
  const test = parts.flatMap((part, sample) => (part === "test" ? [sample] : []));
  const fitting = parts.flatMap((part, sample) => (part === "test" ? [] : [sample]));
  const fittingMean = layers.map((_, layer) => mean(fitting.map((sample) => steerability[sample]![layer]!)));
  const fixedLayer = bestOf(fittingMean);

  const known = [...new Set(fitting.map((sample) => best[sample]!))].sort((a, b) => a - b);
  const nearest = (layer: number): number =>
    known.reduce((found, each) => (Math.abs(each - layer) < Math.abs(found - layer) ? each : found), known[0]!);
  const policies = ["w2s-top1", "w2s-top2", "w2s-top3"];
  const choices: Record<string, number[]> = {};
  for (const [place, policy] of policies.entries())
    choices[policy] = best.map((layer) => nearest(Math.round(layer + (0.8 + 0.3 * place) * normal(random))));

  const probability = new Float64Array(samples * known.length);
  choices[policies[0]!]!.forEach((choice, sample) => {
    const weights = known.map((layer) => Math.exp(-Math.abs(layer - choice)) * (layer === choice ? 2 : 0.5 + random()));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, k) => (probability[sample * known.length + k] = weight / sum));
  });

  const valueAt = (sample: number, layer: number): number => steerability[sample]![layers.indexOf(layer)]!;
  const baseAt = multipliers.reduce(
    (found, each, m) => (Math.abs(each) < Math.abs(multipliers[found]!) ? m : found),
    0,
  );
  const each = layers.length * multipliers.length;
  const largest = propensity.reduce(
    (sofar, value, i) => Math.max(sofar, Math.abs(value - propensity[Math.floor(i / each) * each + baseAt]!)),
    0,
  );
  const step = largest / 32000;
  const fixedValues = test.map((sample) => valueAt(sample, fixedLayer));
  const row = (policy: string, layerOf: (sample: number) => number, variant = "BASE", lower = 0): PolicyResult => {
    const values = test.map((sample) => valueAt(sample, layerOf(sample)) - lower);
    const gains = values.map((value, i) => value + lower - fixedValues[i]!);
    const gain = mean(gains);
    const error = Math.sqrt(mean(gains.map((value) => (value - gain) ** 2)) / gains.length);
    const learned = policy.startsWith("w2s");
    return {
      behavior: input.name,
      method: input.method,
      variant,
      split: "test",
      policy,
      layer: policy === "fixed" ? fixedLayer : null,
      samples: test.length,
      steerability: mean(values),
      steerability_sd: learned ? 0.013 : null,
      proportion_steerable: mean(values.map((value) => Number(value > 0))),
      proportion_sd: learned ? 0.002 : null,
      gain_over_fixed: policy === "fixed" ? null : {mean: gain, low: gain - 1.96 * error, high: gain + 1.96 * error},
      regret: mean(test.map((sample) => valueAt(sample, best[sample]!) - valueAt(sample, layerOf(sample)))),
      accuracy: mean(test.map((sample) => Number(layerOf(sample) === best[sample]))),
    };
  };
  const bestCount = layers.map((layer) => test.filter((sample) => best[sample] === layer).length);
  const majority = layers[bestCount.indexOf(Math.max(...bestCount))]!;
  const results = [
    row("fixed", () => fixedLayer),
    row("majority", () => majority),
    row("random", (sample) => known[(sample * 31) % known.length]!),
    ...policies.map((policy) => row(policy, (sample) => choices[policy]![sample]!)),
    row("optimum", (sample) => best[sample]!),
  ];
  if (input.complete)
    for (const [place, variant] of ["USER.POS", "USER.NEG", "SYS.POS", "SYS.NEG"].entries())
      for (const policy of ["fixed", ...policies])
        results.push(
          row(
            policy,
            policy === "fixed" ? () => fixedLayer : (sample) => choices[policy]![sample]!,
            variant,
            0.1 + 0.15 * place,
          ),
        );

  return {
    best,
    choices,
    results,
    bytes: packNumbers(propensity, samples, baseAt, step, probability),
    summary: {
      method: input.method,
      encoder: "middle-last",
      fixedLayer,
      fixedLayerMethod: input.method,
      defaultPolicy: policies[0]!,
      fittingMean,
      bestCount,
      distanceFromFixed: mean(test.map((sample) => Math.abs(best[sample]! - fixedLayer))),
      kthBest: [0, 1, 2, 3].map((k) => {
        const values = test.map((sample) => steerability[sample]!.toSorted((a, b) => b - a)[k] ?? null);
        return values.includes(null) ? null : mean(values as number[]);
      }),
      fixed: mean(fixedValues),
      predictors: policies.map((policy) => makePredictor(random, policy, known, input.complete)),
      agreement: input.method === "l2s" ? {cosine: 0.61, relativeError: 0.82} : null,
      propensityStep: step,
    },
  };
}

function makePredictor(random: Random, policy: string, layers: number[], complete: boolean): PredictorSummary {
  const grid: PredictorSettings[] = [];
  for (const learningRate of [0.0003, 0.001, 0.003])
    for (const hiddenWidth of [32, 128])
      for (const hiddenLayers of [1, 2])
        for (const weightDecay of [0.01, 0.1]) grid.push({learningRate, hiddenWidth, hiddenLayers, weightDecay});
  const scores = grid.map((settings) => ({
    ...settings,
    steerability: 1.9 + 0.1 * random() + (settings.learningRate === 0.001 ? 0.1 : 0),
    accuracy: 0.3 + 0.1 * random(),
    epochs: 20,
  }));
  const chosen = scores.reduce((found, each) => (each.steerability > found.steerability ? each : found));
  const {learningRate, hiddenWidth, hiddenLayers, weightDecay} = chosen;
  const curve = (floor: number): number[] =>
    Array.from({length: 40}, (_, epoch) => floor + (3 - floor) * Math.exp(-epoch / 9) + 0.03 * random());
  return {
    policy,
    layers,
    settings: {learningRate, hiddenWidth, hiddenLayers, weightDecay},
    epochs: 28,
    seeds: 4,
    scores: complete ? scores : [],
    curves: complete ? Array.from({length: 5}, () => ({training: curve(0.6), heldOut: curve(1.5)})) : [],
  };
}

/** Behaviour "mean": the mean over behaviours of each method, variant and policy. */
function meanRows(results: PolicyResult[]): PolicyResult[] {
  const groups = new Map<string, PolicyResult[]>();
  for (const row of results) {
    const key = JSON.stringify([row.method, row.variant, row.policy]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const over = (rows: PolicyResult[], value: (row: PolicyResult) => number | null): number =>
    mean(rows.map((row) => value(row) ?? 0));
  return [...groups.values()].map((rows) => ({
    ...rows[0]!,
    behavior: "mean",
    layer: null,
    samples: rows.reduce((sum, row) => sum + row.samples, 0),
    steerability: over(rows, (row) => row.steerability),
    proportion_steerable: over(rows, (row) => row.proportion_steerable),
    gain_over_fixed: null,
    regret: over(rows, (row) => row.regret),
    accuracy: over(rows, (row) => row.accuracy),
  }));
}

function makeEncoders(
  random: Random,
  behaviors: string[],
  samples: number,
  methods: string[],
  blocks: Map<string, string>,
  id: (behavior: string, sample: number) => string,
): EncoderComparison {
  const encoders = ["first-last", "middle-last", "gguf:all-MiniLM-L6-v2-F32.gguf"];
  return {
    scores: encoders.flatMap((encoder) =>
      behaviors.flatMap((behavior) =>
        methods.map((method) => ({
          encoder,
          behavior,
          method,
          cv_accuracy: 0.3 + 0.2 * random(),
          cv_steerability: 1.9 + 0.3 * random(),
          test_accuracy: 0.28 + 0.2 * random(),
          test_steerability: 1.9 + 0.3 * random(),
        })),
      ),
    ),
    spaces: encoders.map((encoder, place) => {
      const pointsBlock = `points-${place}`;
      const spread = 1.6 - 0.6 * place;
      const points = behaviors.map((behavior, index) => {
        const angle = (2 * Math.PI * index) / behaviors.length;
        return {
          behavior,
          samples: Array.from({length: samples}, (_, sample) => id(behavior, sample)),
          x: Array.from({length: samples}, () => 4 * Math.cos(angle) + spread * normal(random)),
          y: Array.from({length: samples}, () => 4 * Math.sin(angle) + spread * normal(random)),
        };
      });
      blocks.set(pointsBlock, pack(JSON.stringify({behaviors: points})));
      return {encoder, width: 384, silhouette: behaviors.length > 1 ? 0.2 + 0.2 * place : null, pointsBlock};
    }),
  };
}

/** The page, as the program makes it from the template. */
export function pageOf(template: string, {summary, blocks}: Synthetic): string {
  const safe = JSON.stringify(summary).replaceAll("<", "\\u003c");
  const scripts = [`<script type="application/json" id="summary">${safe}</script>`];
  for (const [id, text] of blocks) scripts.push(`<script type="text/plain" id="${id}">${text}</script>`);
  return template.replace("<!--w2s:data-->", () => scripts.join("\n"));
}

/** Texts that would break a page that does not take them as text. */
export const hostileTexts: readonly string[] = [
  '</script><script>document.title="taken over"</script>',
  '<img src=x onerror="alert(1)"> &amp; <b>bold</b>',
  "quotes \" ' ` and \\ backslash, ${template}",
  "\u05e9\u05dc\u05d5\u05dd \u202eright to left override\u202c \u0645\u0631\u062d\u0628\u0627",
  "control \u0000\u0001\u001b[31m\u007f\u0085 and zero width \u200b\ufeff",
  "emoji \ud83d\udc69\u200d\ud83d\udcbb, <!--w2s:data-->",
  "javascript:alert(1) = + - @ <svg onload=alert(1)>",
];

export function hostile(): Synthetic {
  return synthetic({
    behaviors: ['"><img src=x onerror=alert(1)>', "\u202egnirts", "__proto__"],
    samples: 40,
    layers: 12,
    id: (_behavior, sample) => `${hostileTexts[sample % hostileTexts.length]} #${sample}`,
    prompt: (_behavior, sample) => ({
      before: sample === 3 ? `<line>${"x".repeat(2 ** 20)}</line>` : `${hostileTexts[sample % hostileTexts.length]} `,
      steered: "</b>",
      chosen: " <i>yes</i>",
      rejected: " \u202eno",
    }),
  });
}
