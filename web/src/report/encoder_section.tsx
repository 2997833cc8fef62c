// How prompts lie in the spaces that the prompt encoders make of them.
import {useMemo, useState} from "preact/hooks";
import {
  encoderMap,
  type EncoderMapData,
  encoderMapTable,
  silhouettes,
  silhouettesTable,
  type Table,
} from "../charts/index.js";
import {type Choice, Choices, Picker} from "./choices.js";
import type {EncoderComparison} from "./contract.js";
import {DataTable} from "./data_table.js";
import {Figure, MissingFigure} from "./figure.js";
import {plural} from "../common/format.js";
import {type Scope, useLoaded} from "./scope.js";
import {Section} from "./section.js";
import {visibleLine} from "../common/visible_text.js";

type Color = EncoderMapData["colorBy"];

export function EncoderSection({scope}: {scope: Scope}) {
  const {encoders} = scope.data.summary;
  return (
    <Section
      id="encoders"
      title="Encoders"
      lead="The predictor sees a prompt through an encoder. One that keeps unlike prompts apart gives it more to go by."
    >
      {encoders && encoders.spaces.length > 0 ? (
        <Encoders scope={scope} encoders={encoders} />
      ) : (
        <MissingFigure name="encoder-map" title="Map of the prompts">
          Encoders were not compared here; <code>w2s encoders DIR</code> adds their map, silhouettes and accuracies.
        </MissingFigure>
      )}
    </Section>
  );
}

function Encoders({scope, encoders}: {scope: Scope; encoders: EncoderComparison}) {
  return (
    <>
      <EncoderMap scope={scope} encoders={encoders} />
      <Silhouettes scope={scope} encoders={encoders} />
      <EncoderScores scope={scope} encoders={encoders} />
    </>
  );
}

interface EncoderProps {
  scope: Scope;
  encoders: EncoderComparison;
}

/** Points of one encoder's space, with the best layers of the samples that they stand for. */
async function loadPoints({data, method}: Scope, block: string): Promise<EncoderMapData["points"]> {
  const [points, ...samples] = await Promise.all([
    data.points(block),
    ...data.summary.behaviors.map((behavior) => data.samples(behavior)),
  ]);
  const layerOf = new Map(
    data.summary.behaviors.map((behavior, i) => {
      const best = samples[i]!.methods[method.method]?.best ?? [];
      return [behavior.name, new Map(samples[i]!.ids.map((id, sample) => [id, best[sample] ?? null]))];
    }),
  );
  return points.behaviors.flatMap(({behavior, samples: ids, x, y}) =>
    ids.map((id, i) => ({
      x: x[i]!,
      y: y[i]!,
      behavior: visibleLine(behavior, 60),
      layer: layerOf.get(behavior)?.get(id) ?? null,
    })),
  );
}

const colors: readonly Choice<Color>[] = [
  {value: "behavior", label: "behaviour"},
  {value: "layer", label: "best layer"},
];

function EncoderMap({scope, encoders}: EncoderProps) {
  const several = scope.data.summary.behaviors.length > 1;
  const [chosen, setChosen] = useState("");
  const [colorBy, setColorBy] = useState<Color>(several ? "behavior" : "layer");
  const space =
    encoders.spaces.find(({encoder}) => encoder === chosen) ??
    encoders.spaces.find(({encoder}) => encoder === scope.method.encoder) ??
    encoders.spaces[0]!;
  const loaded = useLoaded(() => loadPoints(scope, space.pointsBlock), [scope.data, scope.method, space.pointsBlock]);
  const points = loaded.state === "failed" ? null : loaded.state === "ready" ? loaded.value : loaded.last;
  const data = useMemo((): EncoderMapData | null => {
    const behaviors = scope.data.summary.behaviors.map(({name}) => visibleLine(name, 60));
    return points && {points, colorBy, behaviors};
  }, [points, colorBy, scope.data]);
  if (loaded.state === "failed") return <p class="failure">{loaded.message}</p>;
  if (!data) return <p class="loading">Unpacking the map…</p>;
  return (
    <Figure
      name="encoder-map"
      title="Map of the prompts"
      help={`UMAP of ${plural(data.points.length, "prompt")} in the ${space.width} dimensions of ${visibleLine(space.encoder, 60)}: near each other is alike to the encoder. Directions and sizes mean nothing.`}
      subject={[space.encoder, colorBy]}
      data={data}
      draw={encoderMap}
      table={encoderMapTable}
      controls={
        <>
          <Picker
            label="Encoder"
            value={space.encoder}
            options={encoders.spaces.map(({encoder}) => [encoder, visibleLine(encoder, 60)])}
            onPick={setChosen}
          />
          <Choices label="Colour by" value={colorBy} choices={colors} onPick={setColorBy} />
        </>
      }
    />
  );
}

function Silhouettes({scope, encoders}: EncoderProps) {
  const data = useMemo(
    () => ({rows: encoders.spaces.map(({encoder, silhouette}) => ({encoder: visibleLine(encoder, 60), silhouette}))}),
    [encoders],
  );
  if (data.rows.every(({silhouette}) => silhouette === null))
    return (
      <MissingFigure name="silhouettes" title="Silhouettes">
        A silhouette tells how well an encoder keeps behaviours apart, which takes two behaviours or more.
      </MissingFigure>
    );
  return (
    <Figure
      name="silhouettes"
      title="Silhouettes"
      help="How well an encoder keeps the behaviours apart: 1 is perfectly, 0 is not at all."
      subject={scope.subject}
      data={data}
      draw={silhouettes}
      table={silhouettesTable}
    />
  );
}

function EncoderScores({scope, encoders}: EncoderProps) {
  const table = useMemo((): Table => {
    const rows = encoders.scores.filter(
      (row) => row.behavior === scope.behavior.name && row.method === scope.method.method,
    );
    return {
      columns: [
        "encoder",
        "accuracy, cross-validation",
        "steerability, cross-validation",
        "accuracy, test",
        "steerability, test",
      ],
      rows: rows.map((row) => [
        row.encoder,
        row.cv_accuracy,
        row.cv_steerability,
        row.test_accuracy,
        row.test_steerability,
      ]),
      shares: ["accuracy, cross-validation", "accuracy, test"],
    };
  }, [encoders, scope.behavior, scope.method]);
  if (table.rows.length === 0) return null;
  return (
    <div class="figure">
      <h3>Predictors by encoder</h3>
      <DataTable table={table} caption="Predictors by encoder" />
    </div>
  );
}
