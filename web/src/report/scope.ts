// What the sections show: one behaviour, method and policy, and the test samples of its sweep.
import {useEffect, useMemo, useState} from "preact/hooks";
import type {BehaviorSummary, MethodSummary, PolicyResult} from "./contract.js";
import type {View} from "./location.js";
import {layerOf, type ReportData, steerabilityAt, type Sweep, testSamples} from "./report_data.js";

export interface Scope {
  data: ReportData;
  view: View;
  change: (changes: Partial<View>) => void;
  behavior: BehaviorSummary;
  method: MethodSummary;
  policy: string;
  results: ReadonlyMap<string, PolicyResult>;
  /** Behaviour and method, for file names. */
  subject: readonly string[];
}

/** Some samples of a sweep, with the arrays that charts take. */
export interface Slice {
  sweep: Sweep;
  /** Place in the sweep of each sample of the slice. */
  samples: readonly number[];
  ids: readonly string[];
  /** [samples][layers]: steerability. */
  values: Float32Array;
  best: readonly number[];
  /** The layers that the policy chooses; null where it has none of its own. */
  predicted: readonly number[] | null;
}

export function sliceOf(sweep: Sweep, samples: readonly number[], policy: string): Slice {
  const width = sweep.layers.length;
  const values = new Float32Array(samples.length * width);
  samples.forEach((sample, i) =>
    values.set(sweep.numbers.steerability.subarray(sample * width, (sample + 1) * width), i * width),
  );
  const choices = sweep.choices[policy];
  return {
    sweep,
    samples,
    ids: samples.map((sample) => sweep.ids[sample]!),
    values,
    best: samples.map((sample) => sweep.best[sample]!),
    predicted: choices ? samples.map((sample) => choices[sample]!) : null,
  };
}

/** Steerability of each sample of the slice where the policy steers it. */
export function steerabilities(slice: Slice, policy: string): Float64Array | null {
  const values = Float64Array.from(slice.samples, (sample) => {
    const layer = layerOf(slice.sweep, policy, sample);
    return layer === null ? Number.NaN : steerabilityAt(slice.sweep, sample, layer);
  });
  return values.some(Number.isNaN) ? null : values;
}

/** While something else is loaded, what was loaded before is still there. */
export type Loaded<T> =
  {state: "loading"; last: T | null} | {state: "failed"; message: string} | {state: "ready"; value: T};

export function useLoaded<T>(load: () => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [loaded, setLoaded] = useState<{of: readonly unknown[]; is: Loaded<T>}>({
    of: [],
    is: {state: "loading", last: null},
  });
  useEffect(() => {
    let current = true;
    const finish = (is: Loaded<T>): void => {
      if (current) setLoaded({of: inputs, is});
    };
    load().then(
      (value) => finish({state: "ready", value}),
      (error: unknown) => finish({state: "failed", message: error instanceof Error ? error.message : String(error)}),
    );
    return () => {
      current = false;
    };
  }, inputs);
  // What was loaded for something else is not shown under the new name.
  const isCurrent = loaded.of.length === inputs.length && loaded.of.every((value, i) => value === inputs[i]);
  return isCurrent ? loaded.is : {state: "loading", last: loaded.is.state === "ready" ? loaded.is.value : null};
}

export function useTestSlice(sweep: Sweep, policy: string): Slice {
  return useMemo(() => sliceOf(sweep, testSamples(sweep), policy), [sweep, policy]);
}
