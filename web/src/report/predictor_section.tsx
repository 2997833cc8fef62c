// How the layer predictor was chosen and trained.
import {useMemo} from "preact/hooks";
import {trainingCurves, trainingCurvesTable, validationGrid, validationGridTable} from "../charts/index.js";
import type {PredictorSummary} from "./contract.js";
import {Figure, MissingFigure} from "./figure.js";
import {number, plural, policyLabel} from "../common/format.js";
import type {Scope} from "./scope.js";
import {Section} from "./section.js";

export function PredictorSection({scope}: {scope: Scope}) {
  const {method, policy} = scope;
  const predictor = method.predictors.find((each) => each.policy === policy);
  return (
    <Section id="predictor" title="Predictor" lead={predictor && <Described scope={scope} predictor={predictor} />}>
      {predictor ? (
        <div class="figure-row">
          <Curves scope={scope} predictor={predictor} />
          <Grid scope={scope} predictor={predictor} />
        </div>
      ) : (
        <p class="note">
          There is no layer predictor in this folder; <code>w2s fit DIR</code> trains one.
        </p>
      )}
    </Section>
  );
}

interface PredictorProps {
  scope: Scope;
  predictor: PredictorSummary;
}

function Described({scope, predictor}: PredictorProps) {
  const {hiddenLayers, hiddenWidth} = predictor.settings;
  return (
    <>
      {policyLabel(predictor.policy)} reads the prompt through the encoder <code>{scope.method.encoder}</code>, has{" "}
      {plural(hiddenLayers, "hidden layer")} of {plural(hiddenWidth, "unit")} and chooses among{" "}
      {plural(predictor.layers.length, "layer")}; {plural(predictor.seeds, "network")}
      {predictor.seeds === 1 ? " was" : " from different seeds were"} trained for {plural(predictor.epochs, "epoch")}.
    </>
  );
}

function Curves({scope, predictor}: PredictorProps) {
  const data = useMemo(() => ({curves: predictor.curves, epochs: predictor.epochs}), [predictor]);
  if (predictor.curves.length === 0)
    return (
      <MissingFigure name="training-curves" title="Training curves">
        The predictor's file does not tell them (an older version of w2s made it); <code>w2s fit DIR</code> makes it
        anew.
      </MissingFigure>
    );
  return (
    <Figure
      name="training-curves"
      title="Training curves"
      help="Loss by epoch in each fold of the cross-validation, with the chosen settings. Held-out loss that rises again is overfitting; training stops before it."
      subject={[...scope.subject, predictor.policy]}
      data={data}
      draw={trainingCurves}
      table={trainingCurvesTable}
    />
  );
}

function Grid({scope, predictor}: PredictorProps) {
  const data = useMemo(() => ({scores: predictor.scores, chosen: predictor.settings}), [predictor]);
  if (predictor.scores.length === 0)
    return (
      <MissingFigure name="validation-grid" title="Cross-validation">
        The predictor's file does not tell the grid of settings (an older version of w2s made it);{" "}
        <code>w2s fit DIR</code> makes it anew.
      </MissingFigure>
    );
  const best = predictor.scores.reduce((found, each) => Math.max(found, each.steerability), -Infinity);
  return (
    <Figure
      name="validation-grid"
      title="Cross-validation"
      help={`Steerability at the predicted layers of held-out folds, for each combination of settings. The highest, ${number(best)}, was chosen.`}
      subject={[...scope.subject, predictor.policy]}
      data={data}
      draw={validationGrid}
      table={validationGridTable}
    />
  );
}
