// The first screen: the answer in words and numbers.
import {type Answer, answer} from "./answer.js";
import type {PolicyResult} from "./contract.js";
import {interval, number, percent, policyLabel, signed} from "../common/format.js";
import type {Scope} from "./scope.js";
import {visibleLine} from "../common/visible_text.js";

export function AnswerSection({scope}: {scope: Scope}) {
  const {behavior, method, policy, results, data} = scope;
  const several = data.summary.behaviors.length > 1;
  const Heading = several ? "h2" : "h1";
  const said = answer(results, policy, method.fixedLayer);
  return (
    <section class="answer" id="answer" aria-labelledby="answer-title" data-verdict={said.verdict}>
      <p class="eyebrow">
        <bdi>{visibleLine(behavior.name, 80)}</bdi> <span>{method.method}</span> <span>{policyLabel(policy)}</span>
      </p>
      <Heading id="answer-title">
        <Headline answer={said} />
      </Heading>
      <p class="comparison">{said.comparison}</p>
      <Tiles results={results} policy={policy} fixedLayer={method.fixedLayer} />
      <p class="explanation">
        A steering vector, times a <b>multiplier</b>, is added to the model's hidden state after one layer.{" "}
        <b>Propensity</b> is how much more likely the model then finds the answer that shows the behaviour than the one
        that does not (difference of their logits); <b>steerability</b> is how much propensity rises per unit of
        multiplier.
      </p>
    </section>
  );
}

/** Numbers of the headline stay in one piece and stand out. */
export function Headline({answer: {headline}}: {answer: Answer}) {
  const parts = headline.split(/([+\u2212]\d+\.\d+(?: \[[^\]]*\])?)/);
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <span class="amount" key={i}>
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}

interface TilesProps {
  results: ReadonlyMap<string, PolicyResult>;
  policy: string;
  /** Null for the mean over behaviours, which have one each. */
  fixedLayer: number | null;
}

export function Tiles({results, policy, fixedLayer}: TilesProps) {
  const fixed = results.get("fixed");
  const chosen = results.get(policy);
  const optimum = results.get("optimum");
  const gain = chosen?.gain_over_fixed;
  const highest = Math.max(...[fixed, chosen, optimum].map((result) => result?.steerability ?? 0));
  const difference = gain?.mean ?? (fixed && chosen ? chosen.steerability - fixed.steerability : null);
  return (
    <dl class="tiles">
      <Tile
        kind="fixed"
        label={fixedLayer === null ? "Fixed layer" : `Fixed layer ${fixedLayer}`}
        result={fixed}
        highest={highest}
      />
      <Tile kind="w2s" label={policyLabel(policy)} result={chosen} highest={highest} />
      <Tile kind="optimum" label="Optimum" result={optimum} highest={highest} />
      <div class="tile gain">
        <dt>Gain over fixed</dt>
        <dd>
          {signed(difference)}
          <small>
            {gain ? (
              <>
                bootstrap interval <span class="nowrap">{interval(gain)}</span>
              </>
            ) : (
              "mean over behaviours"
            )}
          </small>
        </dd>
      </div>
      <div class="tile">
        <dt>Steerable samples</dt>
        <dd>
          {percent(chosen?.proportion_steerable)}
          <small>fixed layer {percent(fixed?.proportion_steerable)}</small>
        </dd>
      </div>
    </dl>
  );
}

interface TileProps {
  kind: "fixed" | "w2s" | "optimum";
  label: string;
  result: PolicyResult | undefined;
  /** Of the tiles' numbers: the length of a whole bar. */
  highest: number;
}

function Tile({kind, label, result, highest}: TileProps) {
  const share = highest > 0 ? Math.max(0, (result?.steerability ?? 0) / highest) : 0;
  const note = {
    fixed: "one layer for all inputs",
    w2s: "a predicted layer for each input",
    optimum: "each input's best layer",
  }[kind];
  return (
    <div class={`tile ${kind}`}>
      <dt>{label}</dt>
      <dd>
        {number(result?.steerability)}
        {result?.steerability_sd != null && <span class="spread"> ± {number(result.steerability_sd)}</span>}
        <span class="tile-bar" style={`--share: ${percent(share)}`} />
        <small>{note}</small>
      </dd>
    </div>
  );
}
