// Where steering works: over layers, over samples, and what choosing the layer gains.
import {useMemo, useState} from "preact/hooks";
import {
  bestLayers,
  bestLayersTable,
  gainBySample,
  gainBySampleTable,
  kthBestLayer,
  kthBestLayerTable,
  layerDeviation,
  layerDeviationTable,
  type SampleMapData,
  sampleMap,
  sampleMapTable,
  type SampleOrder,
  steerabilityByLayer,
  steerabilityByLayerTable,
  topK,
  topKTable,
} from "../charts/index.js";
import {type Choice, Choices} from "./choices.js";
import {exploreLayers} from "./explore_layers.js";
import {exploreMap} from "./explore_map.js";
import {Figure, MissingFigure} from "./figure.js";
import {number, plural, policyLabel} from "../common/format.js";
import {openSample} from "./open_sample.js";
import type {Sweep} from "./report_data.js";
import {type Scope, type Slice, steerabilities, useTestSlice} from "./scope.js";
import {Section} from "./section.js";

export function LayerSection({scope, sweep}: {scope: Scope; sweep: Sweep}) {
  const slice = useTestSlice(sweep, scope.policy);
  return (
    <>
      <Section
        id="layers"
        title="Layers"
        lead={`Which layer steers best, on average and for each of ${plural(slice.samples.length, "test sample")}.`}
      >
        <LayerCurve scope={scope} slice={slice} />
        <SampleMap scope={scope} slice={slice} />
        <div class="figure-row">
          <BestLayers scope={scope} />
          <Deviation scope={scope} />
        </div>
        <VectorNotes scope={scope} />
      </Section>
      <Section
        id="choosing"
        title="What choosing gains"
        lead="The fixed layer, the predicted layers and the best layers, sample by sample and on average."
      >
        <GainBySample scope={scope} slice={slice} />
        <TopK scope={scope} />
        <KthBest scope={scope} />
      </Section>
    </>
  );
}

interface SliceProps {
  scope: Scope;
  slice: Slice;
}

function LayerCurve({scope, slice}: SliceProps) {
  const data = useMemo(() => {
    const {sweep, samples, values} = slice;
    return {layers: sweep.layers, samples: samples.length, values, fixedLayer: sweep.method.fixedLayer};
  }, [slice]);
  const explore = useMemo(
    () => exploreLayers(slice, (sample) => openSample(scope, slice.sweep, sample)),
    [slice, scope],
  );
  return (
    <Figure
      name="steerability-by-layer"
      title="Steerability by layer"
      help="Mean over test samples, and the band that holds the middle 80% of them. Point at the chart to see the line of the nearest sample."
      subject={scope.subject}
      data={data}
      draw={steerabilityByLayer}
      table={steerabilityByLayerTable}
      explore={explore}
    />
  );
}

/** What is worth knowing of the method's vectors and its fixed layer. */
function VectorNotes({scope: {method}}: {scope: Scope}) {
  const {agreement} = method;
  return (
    <>
      {method.fixedLayerMethod !== method.method && (
        <p class="note">
          The fixed layer of {method.method} is the one that is best for <code>{method.fixedLayerMethod}</code>.
        </p>
      )}
      {agreement && (
        <p class="note">
          The vectors of {method.method} against the oracle vectors of validation samples: cosine{" "}
          {number(agreement.cosine, 2)}, relative error {number(agreement.relativeError, 2)}.
        </p>
      )}
    </>
  );
}

const orders: readonly Choice<SampleOrder>[] = [
  {value: "best", label: "best layer"},
  {value: "predicted", label: "predicted layer"},
  {value: "gain", label: "possible gain"},
  {value: "file", label: "file"},
];

function SampleMap({scope, slice}: SliceProps) {
  const [order, setOrder] = useState<SampleOrder>("best");
  const data = useMemo((): SampleMapData => {
    const {sweep, samples, values, best, predicted, ids} = slice;
    const {fixedLayer} = sweep.method;
    return {layers: sweep.layers, samples: samples.length, values, ids, fixedLayer, best, predicted, order};
  }, [slice, order]);
  const explore = useMemo(
    () => exploreMap(slice, data, (sample) => openSample(scope, slice.sweep, sample)),
    [slice, data, scope],
  );
  return (
    <Figure
      name="sample-map"
      title="Samples and layers"
      help="Each row is a test sample, each column a layer. The fixed layer is one column; the predicted layer should follow the best one from row to row. Click a row to open its sample."
      subject={scope.subject}
      data={data}
      draw={sampleMap}
      table={sampleMapTable}
      explore={explore}
      controls={<Choices label="Rows by" value={order} choices={orders} onPick={setOrder} />}
    />
  );
}

function BestLayers({scope}: {scope: Scope}) {
  const data = useBestLayerData(scope);
  return (
    <Figure
      name="best-layers"
      title="Best layers"
      help="How many test samples have each layer as their best one. One tall bar: a fixed layer suffices."
      subject={scope.subject}
      data={data}
      draw={bestLayers}
      table={bestLayersTable}
    />
  );
}

function Deviation({scope}: {scope: Scope}) {
  const data = useBestLayerData(scope);
  return (
    <Figure
      name="layer-deviation"
      title="Distance from the fixed layer"
      help={`How many layers the best layer of a sample is away from the fixed one: ${number(scope.method.distanceFromFixed, 1)} on average.`}
      subject={scope.subject}
      data={data}
      draw={layerDeviation}
      table={layerDeviationTable}
    />
  );
}

function useBestLayerData({data, method}: Scope) {
  return useMemo(
    () => ({layers: data.summary.layers, count: method.bestCount, fixedLayer: method.fixedLayer}),
    [data, method],
  );
}

function GainBySample({scope, slice}: SliceProps) {
  const data = useMemo(
    () => ({
      ids: slice.ids,
      fixed: steerabilities(slice, "fixed") ?? [],
      w2s: steerabilities(slice, scope.policy),
      optimum: steerabilities(slice, "optimum") ?? [],
    }),
    [slice, scope.policy],
  );
  return (
    <Figure
      name="gain-by-sample"
      title="Gain of each sample"
      help={
        <>
          Steerability of each test sample at its own layer minus that at the fixed layer, sorted: what{" "}
          <span class="nowrap">{policyLabel(scope.policy)}</span> gains, and what the best layer would. Of the first of
          the predictors that were trained.
        </>
      }
      subject={scope.subject}
      data={data}
      draw={gainBySample}
      table={gainBySampleTable}
    />
  );
}

function TopK({scope}: {scope: Scope}) {
  const {results} = scope;
  const data = useMemo(() => {
    const rows = [...results.values()]
      .filter((result) => result.policy.startsWith("w2s-"))
      .map((result) => ({
        label: policyLabel(result.policy).replace("W2S ", ""),
        accuracy: result.accuracy,
        steerability: result.steerability,
        sd: result.steerability_sd,
      }));
    return {rows, fixed: results.get("fixed")?.steerability ?? null};
  }, [results]);
  if (data.rows.length === 0)
    return (
      <MissingFigure name="top-k" title="Accuracy by Top-k">
        No layer predictor was evaluated here; <code>w2s run</code> again trains and evaluates it.
      </MissingFigure>
    );
  return (
    <Figure
      name="top-k"
      title="Accuracy by Top-k"
      help="How often the predicted layer is exactly the best one, and the steerability that comes of it. A near miss costs little."
      subject={scope.subject}
      data={data}
      draw={topK}
      table={topKTable}
    />
  );
}

function KthBest({scope}: {scope: Scope}) {
  const {method} = scope;
  const data = useMemo(() => ({fixed: method.fixed, kthBest: method.kthBest}), [method]);
  return (
    <Figure
      name="kth-best"
      title="k-th best layer"
      help="Mean steerability when every sample is steered at its best, second, third or fourth best layer; the line is the fixed layer."
      subject={scope.subject}
      data={data}
      draw={kthBestLayer}
      table={kthBestLayerTable}
    />
  );
}
