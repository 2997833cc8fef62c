// How much of a difference is only the arithmetic of the machine.
import {useMemo} from "preact/hooks";
import {type NoiseData, noiseFloor, noiseFloorTable} from "../charts/index.js";
import {Figure, MissingFigure} from "./figure.js";
import {plural, scientific} from "../common/format.js";
import type {Scope} from "./scope.js";
import {Section} from "./section.js";
import {visibleLine} from "../common/visible_text.js";

export function NoiseSection({scope}: {scope: Scope}) {
  const {data, method, policy, behavior} = scope;
  const chartData = useMemo((): NoiseData => {
    const rows = data.summary.behaviors.map((each) => {
      const results = data.results(each.name, method.method);
      return {
        behavior: visibleLine(each.name, 60),
        noise: each.noise?.steerability ?? null,
        steerability: results.get("fixed")?.steerability ?? null,
        gain: results.get(policy)?.gain_over_fixed?.mean ?? null,
      };
    });
    return {rows};
  }, [data, method, policy]);
  const {noise} = behavior;
  return (
    <Section
      id="noise"
      title="Noise floor"
      lead="Believe no difference that is smaller than what the same measurement differs by when it is repeated otherwise."
    >
      {chartData.rows.some((row) => row.noise !== null) ? (
        <Figure
          name="noise-floor"
          title="Noise and effects"
          help={
            noise
              ? `${plural(noise.samples, "sample")} measured again in other batches: propensity differed by at most ${scientific(noise.propensity)} logits, steerability by ${scientific(noise.steerability)}; the best layer changed on ${noise.bestLayerChanges} of them.`
              : "Samples measured again in other batches, beside the effects that are reported."
          }
          subject={scope.subject}
          data={chartData}
          draw={noiseFloor}
          table={noiseFloorTable}
        />
      ) : (
        <MissingFigure name="noise-floor" title="Noise and effects">
          The noise floor was not measured here; <code>w2s run</code> with the same options adds it.
        </MissingFigure>
      )}
    </Section>
  );
}
