// What is to be seen on a page: expected.json of the folder W2S_PAGES, which the C++ program wrote from its own numbers,
// or the same of synthetic results.
import {existsSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {ReportData} from "../../src/report/report_data.js";
import type {Synthetic} from "../synthetic.js";

export interface SampleFacts {
  sample: number;
  best: number;
  choices: Record<string, number>;
  /** By layer. */
  steerability: number[];
}

export interface MethodFacts {
  method: string;
  fixedLayer: number;
  defaultPolicy: string;
  bestCount: number[];
  /** All, or some of very many. */
  samples: SampleFacts[];
}

export interface PromptFacts {
  sample: number;
  id: string;
  part: string;
  /** Null where it is too long to be repeated. */
  before: string | null;
  steered: string;
  chosen: string;
  rejected: string;
}

export interface BehaviorFacts {
  name: string;
  samples: number;
  parts: Record<string, number>;
  prompts: PromptFacts[];
  methods: MethodFacts[];
}

export interface PageFacts {
  title: string;
  layers: number[];
  multipliers: number[];
  methods: string[];
  behaviors: BehaviorFacts[];
}

export function factsByProgram(name: string): PageFacts | null {
  const path = join(process.env["W2S_PAGES"] ?? "", "expected.json");
  if (!process.env["W2S_PAGES"] || !existsSync(path)) return null;
  return (JSON.parse(readFileSync(path, "utf8")) as Record<string, PageFacts>)[name] ?? null;
}

export async function factsOf({summary, blocks}: Synthetic): Promise<PageFacts> {
  const data = new ReportData(summary, (id) => blocks.get(id)!);
  const behaviors = summary.behaviors.map(async (behavior): Promise<BehaviorFacts> => {
    const {ids, parts, prompts} = await data.samples(behavior);
    const count = (part: string): number => parts.filter((each) => each === part).length;
    const methods = behavior.methods.map(async (method): Promise<MethodFacts> => {
      const sweep = await data.sweep(behavior.name, method.method);
      const width = summary.layers.length;
      const samples = ids.map((_, sample) => ({
        sample,
        best: sweep.best[sample]!,
        choices: Object.fromEntries(Object.entries(sweep.choices).map(([policy, layers]) => [policy, layers[sample]!])),
        steerability: [...sweep.numbers.steerability.subarray(sample * width, (sample + 1) * width)],
      }));
      return {...method, samples};
    });
    return {
      name: behavior.name,
      samples: ids.length,
      parts: {train: count("train"), validation: count("validation"), test: count("test")},
      prompts: (prompts ?? []).map((prompt, sample) => ({...prompt, sample, id: ids[sample]!, part: parts[sample]!})),
      methods: await Promise.all(methods),
    };
  });
  return {...summary, behaviors: await Promise.all(behaviors)};
}
