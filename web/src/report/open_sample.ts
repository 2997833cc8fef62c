import {sampleKey, type Sweep} from "./report_data.js";
import type {Scope} from "./scope.js";

/** Opens a sample in the sample browser, and leads there. */
export function openSample(scope: Scope, sweep: Sweep, sample: number): void {
  scope.change({sample: sampleKey(sweep, sample)});
  // The sample's place in the page exists after the change has been rendered.
  requestAnimationFrame(() => document.getElementById("samples")?.scrollIntoView());
}
