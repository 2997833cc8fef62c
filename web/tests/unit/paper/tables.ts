import type {PaperTable} from "../../../src/paper/records.js";

type Cell = string | number | null;

function table(id: string, columns: string[], rows: Cell[][], notes = ""): PaperTable {
  return {id, title: `Title of ${id}`, notes, table: {columns, rows}};
}

export interface Size {
  models: string[];
  behaviors: string[];
  methods: string[];
}

/** All combinations of model, behaviour and method, each with rows of its own. */
function combined({models, behaviors, methods}: Size, rows: (keys: string[], i: number) => Cell[][]): Cell[][] {
  let i = 0;
  return models.flatMap((model) =>
    behaviors.flatMap((behavior) => methods.flatMap((method) => rows([model, behavior, method], i++))),
  );
}

const keys = ["model", "behavior", "method"];

/** Tables of all the figures, as the program makes them, with made-up numbers. */
export function paperTables(size: Size): PaperTable[] {
  const withMean = {...size, behaviors: [...size.behaviors, "mean"]};
  const policies = (names: string[]): Cell[][] =>
    combined(size, (group, i) =>
      names.map((name, k) => [...group, name, 1 + i / 10 + k / 5, k === 0 ? null : 0.05, 0.5 + k / 10, null, 1]),
    );
  const policyColumns = [
    ...keys,
    "policy",
    "steerability",
    "steerability_sd",
    "proportion_steerable",
    "proportion_steerable_sd",
    "seeds",
  ];
  const layers = [0, 1, 2, 3];
  return [
    table(
      "figure1",
      [
        ...keys,
        "fixed_layer",
        "gain",
        "gain_lower_quartile",
        "gain_median",
        "gain_upper_quartile",
        "distance_from_fixed",
        "gain_percent",
        "paper_gain_percent",
      ],
      combined(withMean, (group, i) => [
        [...group, 3, 0.5 + i / 10, 0.2, 0.4, 0.9, 2.5, 20, group[1] === "mean" ? 55 : null],
      ]),
    ),
    table(
      "figure1-layers",
      [...keys, "layer", "inputs", "share", "is_fixed", "seeds"],
      combined(size, (group) => layers.map((layer) => [...group, layer, layer, layer / 6, layer === 2 ? 1 : 0, 1])),
    ),
    table("table1", ["model", "method", "steerability", "steerability_sd"], [["m", "CAA w/ W2S", 1.5, 0.1]]),
    table("figure3", policyColumns, policies(["fixed", "w2s-top1"]), "Mean over <three> seeds & more.\n"),
    table("figure4", policyColumns, policies(["fixed", "w2s-top1"])),
    ...["1-2", "3-4", "5-6", "7-8"].map((numbers) =>
      table(`supp-figures${numbers}`, policyColumns, policies(["fixed", "w2s-top1"])),
    ),
    table(
      "supp-figure9",
      ["model", "encoder", "width", "silhouette", "paper_silhouette"],
      size.models.flatMap((model) => [
        [model, "first-mean", 8, -0.1, null],
        [model, "text-embedding-3-large", 8, 0.5, 0.62],
      ]),
    ),
    table(
      "supp-figure9-points",
      ["model", "seed", "encoder", "behavior", "sample", "umap_1", "umap_2"],
      size.models.flatMap((model) =>
        [0, 1].flatMap((seed) =>
          size.behaviors.flatMap((behavior, b) =>
            layers.map((sample) => [model, seed, "first-mean", behavior, sample, b + sample / 5, Math.sin(b + sample)]),
          ),
        ),
      ),
    ),
    table(
      "supp-figures10-11",
      [...keys, "encoder", "cv_accuracy", "cv_steerability"],
      combined(withMean, (group, i) =>
        ["first-mean", "last"].map((encoder, k) => [...group, encoder, (0.2 + k / 3 + i / 40) % 1, 1]),
      ),
    ),
    table(
      "supp-figures14-15",
      [...keys, "layer", "steerability", "seeds"],
      combined(withMean, (group, i) => layers.map((layer) => [...group, layer, Math.sin(layer + i), 1])),
    ),
    table(
      "supp-figures16-17",
      [...keys, "layer_of_each_input", "steerability"],
      combined(withMean, (group) =>
        ["fixed", "best", "2nd best", "3rd best"].map((rank, k) => [...group, rank, k === 0 ? 1 : 3 - k / 2]),
      ),
    ),
    table(
      "supp-table4",
      [...keys, "top1"],
      combined(size, (group) => [[...group, 5]]),
    ),
    table(
      "supp-figure18",
      [...keys, "top_k", "accuracy"],
      combined(withMean, (group) => [1, 2, 3].map((k) => [...group, k, 0.2 + k / 10])),
    ),
    table("supp-figures19-22", policyColumns, policies(["fixed", "w2s-top1", "w2s-top2", "w2s-top3"])),
  ];
}

export const thirteen: Size = {
  models: ["Llama-2-7B-Chat", "Qwen1.5-14B-Chat"],
  behaviors: [
    "anti-LGBTQ",
    "not-threat",
    "not-watched",
    "corrigible",
    "myopic",
    "narcissism",
    "openness",
    "awareness-good",
    "awareness-llm",
    "awareness-web",
    "utilitarianism",
    "deontology",
    "physical-force",
  ],
  methods: ["caa", "l2s"],
};

export const small: Size = {models: ["SmolLM2-135M-Instruct"], behaviors: ["kind"], methods: ["caa"]};
