// The report's data: the summary at once, the samples of a behaviour when they are looked at.
import type {BehaviorSummary, MethodSummary, PointsBlock, PolicyResult, SamplesBlock, Summary} from "./contract.js";
import {inflate, inflateJson, type SweepNumbers, unpackNumbers} from "./unpack.js";

/** Where the text of a block comes from: the page's <script> of that id. */
type BlockSource = (id: string) => string;

/** One method's sweep of one behaviour, with its samples. */
export interface Sweep {
  behavior: BehaviorSummary;
  method: MethodSummary;
  layers: readonly number[];
  multipliers: readonly number[];
  ids: readonly string[];
  parts: readonly string[];
  prompts: SamplesBlock["prompts"];
  /** Model layer that is best for each sample. */
  best: readonly number[];
  /** By policy: the model layer the predictor chose for each sample. */
  choices: Readonly<Record<string, readonly number[]>>;
  /** Model layers that the columns of numbers.probability stand for. */
  predictorLayers: readonly number[];
  numbers: SweepNumbers;
}

export class ReportData {
  readonly #blocks: BlockSource;
  readonly #sweeps = new Map<string, Promise<Sweep>>();
  readonly #samples = new Map<string, Promise<SamplesBlock>>();
  readonly #points = new Map<string, Promise<PointsBlock>>();

  constructor(
    readonly summary: Summary,
    blocks: BlockSource,
  ) {
    this.#blocks = blocks;
  }

  behavior(name: string): BehaviorSummary {
    return this.summary.behaviors.find((each) => each.name === name) ?? this.summary.behaviors[0]!;
  }

  method(behavior: string, name: string): MethodSummary {
    const {methods} = this.behavior(behavior);
    return methods.find((each) => each.method === name) ?? methods[0]!;
  }

  /** Rows of results.json on BASE, by policy. */
  results(behavior: string, method: string): Map<string, PolicyResult> {
    const rows = this.summary.results.filter(
      (row) => row.behavior === behavior && row.method === method && row.variant === "BASE" && row.split === "test",
    );
    return new Map(rows.map((row) => [row.policy, row]));
  }

  sweep(behaviorName: string, methodName: string): Promise<Sweep> {
    const behavior = this.behavior(behaviorName);
    const method = this.method(behaviorName, methodName);
    return cached(this.#sweeps, method.numbersBlock, () => this.#unpackSweep(behavior, method));
  }

  points(block: string): Promise<PointsBlock> {
    return cached(this.#points, block, () => inflateJson<PointsBlock>(this.#blocks(block)));
  }

  samples(behavior: BehaviorSummary): Promise<SamplesBlock> {
    return cached(this.#samples, behavior.samplesBlock, () =>
      inflateJson<SamplesBlock>(this.#blocks(behavior.samplesBlock)),
    );
  }

  async #unpackSweep(behavior: BehaviorSummary, method: MethodSummary): Promise<Sweep> {
    const {layers, multipliers} = this.summary;
    const [samples, bytes] = await Promise.all([this.samples(behavior), inflate(this.#blocks(method.numbersBlock))]);
    const chosen = samples.methods[method.method];
    const predictor = method.predictors.find((each) => each.policy === method.defaultPolicy);
    const predictorLayers = predictor?.layers ?? [];
    const shape = {
      samples: samples.ids.length,
      layers: layers.length,
      multipliers,
      predictorLayers: predictorLayers.length,
    };
    return {
      behavior,
      method,
      layers,
      multipliers,
      ids: samples.ids,
      parts: samples.parts,
      prompts: samples.prompts,
      best: chosen?.best ?? [],
      choices: chosen?.choices ?? {},
      predictorLayers,
      numbers: unpackNumbers(bytes, shape, method.propensityStep),
    };
  }
}

function cached<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let value = cache.get(key);
  if (!value) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

/** Reads the summary that the program put into the page; null for the bare template. */
export function readReport(page: Document): ReportData | null {
  const text = page.getElementById("summary")?.textContent;
  if (!text) return null;
  const block: BlockSource = (id) => {
    const element = page.getElementById(id);
    if (!element) throw new Error(`The page lacks the block ${id}.`);
    return element.textContent ?? "";
  };
  return new ReportData(JSON.parse(text) as Summary, block);
}

/** Places of the test samples in the order of the sweep. */
export function testSamples(sweep: Sweep): number[] {
  return sweep.parts.flatMap((part, sample) => (part === "test" ? [sample] : []));
}

/** A sample's name in addresses: its id, or its place where the id is empty or an earlier sample's. */
export function sampleKey({ids}: Pick<Sweep, "ids">, sample: number): string {
  const id = ids[sample]!;
  return id !== "" && ids.indexOf(id) === sample ? id : `@${sample}`;
}

/** Place in the sweep of the sample of that name; -1 if there is none. */
export function sampleOfKey({ids}: Pick<Sweep, "ids">, key: string): number {
  const found = key === "" ? -1 : ids.indexOf(key);
  if (found >= 0) return found;
  const place = /^@(\d+)$/.exec(key);
  return place && Number(place[1]) < ids.length ? Number(place[1]) : -1;
}

/** Steerability of a sample at a model layer. */
export function steerabilityAt(sweep: Sweep, sample: number, modelLayer: number): number {
  const layer = sweep.layers.indexOf(modelLayer);
  return layer < 0 ? Number.NaN : sweep.numbers.steerability[sample * sweep.layers.length + layer]!;
}

/** Model layer the policy steers the sample at; null for policies that have no layer of their own. */
export function layerOf(sweep: Sweep, policy: string, sample: number): number | null {
  if (policy === "fixed") return sweep.method.fixedLayer;
  if (policy === "optimum") return sweep.best[sample] ?? null;
  return sweep.choices[policy]?.[sample] ?? null;
}
