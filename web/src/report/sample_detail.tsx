// One sample: its prompt, and what steering does to it at every layer.
import {useEffect, useMemo, useRef} from "preact/hooks";
import {
  layerProbabilities,
  layerProbabilitiesTable,
  propensityLines,
  propensityLinesTable,
  steerabilityByLayer,
  steerabilityByLayerTable,
} from "../charts/index.js";
import type {PromptText} from "./contract.js";
import {Figure} from "./figure.js";
import {number, policyLabel, signed} from "../common/format.js";
import {layerOf, sampleKey, steerabilityAt, type Sweep} from "./report_data.js";
import type {SampleSummary} from "./sample_filter.js";
import {type Scope, sliceOf} from "./scope.js";
import {visible, visibleLine, visibleToken} from "../common/visible_text.js";

interface DetailProps {
  scope: Scope;
  sweep: Sweep;
  sample: number;
  shown: readonly SampleSummary[];
}

export function SampleDetail({scope, sweep, sample, shown}: DetailProps) {
  const {change, policy} = scope;
  const id = sweep.ids[sample]!;
  const row = shown.findIndex((each) => each.sample === sample);
  const neighbour = (step: number) => {
    const next = row < 0 ? undefined : shown[row + step];
    return {disabled: next === undefined, onClick: () => next && change({sample: sampleKey(sweep, next.sample)})};
  };
  const subject = [...scope.subject, visibleLine(id, 40)];
  return (
    <article class="detail" aria-label={`Sample ${visibleLine(id, 60)}`} data-sample={id}>
      <header class="detail-head">
        <h3>
          <bdi>{visibleLine(id, 120)}</bdi> <span class="quiet">{sweep.parts[sample]}</span>
        </h3>
        <div class="figure-tools">
          <button type="button" {...neighbour(-1)}>
            Previous
          </button>
          <button type="button" {...neighbour(1)}>
            Next
          </button>
          <button type="button" onClick={() => change({sample: ""})}>
            Close
          </button>
        </div>
      </header>
      {sweep.prompts && <Prompt prompt={sweep.prompts[sample]!} />}
      <Layers sweep={sweep} sample={sample} policy={policy} />
      <PropensityFigure sweep={sweep} sample={sample} policy={policy} subject={subject} />
      <SteerabilityFigure sweep={sweep} sample={sample} policy={policy} subject={subject} />
      <ProbabilityFigure sweep={sweep} sample={sample} policy={policy} subject={subject} />
    </article>
  );
}

function Prompt({prompt}: {prompt: PromptText}) {
  const box = useRef<HTMLPreElement>(null);
  // The steered token is at the end, which is what one wants to see of a long prompt.
  useEffect(() => {
    box.current!.scrollTop = box.current!.scrollHeight;
  }, [prompt]);
  return (
    <>
      <pre class="prompt" ref={box} tabIndex={0} aria-label="Prompt; the steered token is marked at its end">
        <bdi>{visible(prompt.before)}</bdi>
        <mark title="the steered token">
          <bdi>{visible(prompt.steered)}</bdi>
        </mark>
      </pre>
      <p class="tokens">
        <span class="token-label">Next token, compared:</span>
        <code class="token chosen">
          <bdi>{visibleToken(prompt.chosen)}</bdi>
        </code>
        <span class="token-label">shows the behaviour,</span>
        <code class="token rejected">
          <bdi>{visibleToken(prompt.rejected)}</bdi>
        </code>
        <span class="token-label">does not</span>
      </p>
    </>
  );
}

interface SampleProps {
  sweep: Sweep;
  sample: number;
  policy: string;
}

function Layers({sweep, sample, policy}: SampleProps) {
  const fixed = steerabilityAt(sweep, sample, sweep.method.fixedLayer);
  const rows = (["fixed", policy, "optimum"] as const).flatMap((each) => {
    const layer = layerOf(sweep, each, sample);
    return layer === null ? [] : [{policy: each, layer, value: steerabilityAt(sweep, sample, layer)}];
  });
  return (
    <dl class="tiles small">
      {rows.map(({policy: each, layer, value}) => (
        <div class={`tile ${each.startsWith("w2s") ? "w2s" : each}`} key={each}>
          <dt>
            {policyLabel(each)}
            {each === "fixed" ? "" : ": layer"} {layer}
          </dt>
          <dd>
            {number(value)}
            {each !== "fixed" && <small>{signed(value - fixed)} against fixed</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

type FigureOfSampleProps = SampleProps & {subject: readonly string[]};

function PropensityFigure({sweep, sample, policy, subject}: FigureOfSampleProps) {
  const data = useMemo(() => {
    const {layers, multipliers, numbers, method, best} = sweep;
    const size = layers.length * multipliers.length;
    return {
      layers,
      multipliers,
      values: numbers.propensity.subarray(sample * size, (sample + 1) * size),
      fixedLayer: method.fixedLayer,
      predictedLayer: layerOf(sweep, policy, sample),
      bestLayer: best[sample]!,
    };
  }, [sweep, sample, policy]);
  return (
    <Figure
      name="sample-propensity"
      title="Propensity over the multiplier"
      help="One line for each layer: the steeper it rises, the better that layer steers this sample."
      subject={subject}
      data={data}
      draw={propensityLines}
      table={propensityLinesTable}
    />
  );
}

function SteerabilityFigure({sweep, sample, policy, subject}: FigureOfSampleProps) {
  const data = useMemo(() => {
    const part = sweep.parts[sample];
    const members = sweep.parts.flatMap((each, i) => (each === part ? [i] : []));
    const {values} = sliceOf(sweep, members, policy);
    const {layers, method} = sweep;
    const highlighted = members.indexOf(sample);
    return {layers, samples: members.length, values, fixedLayer: method.fixedLayer, highlighted};
  }, [sweep, sample, policy]);
  return (
    <Figure
      name="sample-steerability"
      title="Its steerability by layer"
      help={`This sample's line over the mean and the middle 80% of the ${sweep.parts[sample]} samples.`}
      subject={subject}
      data={data}
      draw={steerabilityByLayer}
      table={steerabilityByLayerTable}
    />
  );
}

function ProbabilityFigure({sweep, sample, subject}: FigureOfSampleProps) {
  const {defaultPolicy} = sweep.method;
  const data = useMemo(() => {
    const {predictorLayers, numbers, layers, method, best} = sweep;
    const size = predictorLayers.length;
    return {
      layers: predictorLayers,
      probabilities: numbers.probability.subarray(sample * size, (sample + 1) * size),
      sweptLayers: layers,
      fixedLayer: method.fixedLayer,
      predictedLayer: layerOf(sweep, defaultPolicy, sample),
      bestLayer: best[sample]!,
    };
  }, [sweep, sample]);
  if (data.layers.length === 0) return null;
  return (
    <Figure
      name="sample-probabilities"
      title="What the predictor thinks"
      help={`Probability that ${policyLabel(defaultPolicy)} gives each layer for this prompt.`}
      subject={subject}
      data={data}
      draw={layerProbabilities}
      table={layerProbabilitiesTable}
    />
  );
}
