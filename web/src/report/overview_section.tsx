// With several behaviours: the answer over all of them, before that of one.
import {useMemo, useState} from "preact/hooks";
import {type Measure, overview, type OverviewData, overviewTable} from "../charts/index.js";
import {overallAnswer, type Verdict, verdictOf} from "./answer.js";
import {Headline, Tiles} from "./answer_section.js";
import {Figure} from "./figure.js";
import {interval, number, plural, policyLabel, signed} from "../common/format.js";
import {jumpTo} from "../common/jump.js";
import {MeasurePicker} from "./choices.js";
import type {Scope} from "./scope.js";
import {visibleLine} from "../common/visible_text.js";

const verdictWords: Record<Verdict, string> = {
  better: "better",
  worse: "worse",
  unclear: "no clear difference",
  unknown: "\u2013",
};

export function OverviewSection({scope}: {scope: Scope}) {
  const {data, method, policy} = scope;
  const [measure, setMeasure] = useState<Measure>("steerability");
  const rows = useMemo(
    () => data.summary.behaviors.map(({name}) => ({name, results: data.results(name, method.method)})),
    [data, method],
  );
  const mean = data.results("mean", method.method);
  const said = overallAnswer(
    mean,
    rows.map(({results}) => results.get(policy)),
    policy,
  );
  const chartData = useMemo((): OverviewData => {
    const value = (results: (typeof rows)[number]["results"], name: string): number | null => {
      const result = results.get(name);
      if (!result) return null;
      return measure === "steerability" ? result.steerability : result.proportion_steerable;
    };
    const row = (behavior: string, results: (typeof rows)[number]["results"]) => ({
      behavior: visibleLine(behavior, 60),
      fixed: value(results, "fixed"),
      w2s: value(results, policy),
      optimum: value(results, "optimum"),
      gain: results.get(policy)?.gain_over_fixed ?? null,
    });
    const behaviors = rows.map(({name, results}) => row(name, results));
    return {measure, rows: mean.size > 0 ? [...behaviors, row("mean", mean)] : behaviors};
  }, [rows, policy, measure]);

  return (
    <section class="answer overview" id="overview" aria-labelledby="overview-title" data-verdict={said.verdict}>
      <p class="eyebrow">
        {plural(rows.length, "behaviour")} <span>{method.method}</span> <span>{policyLabel(policy)}</span>
      </p>
      <h1 id="overview-title">
        <Headline answer={said} />
      </h1>
      <p class="comparison">{said.comparison}</p>
      {mean.size > 0 && <Tiles results={mean} policy={policy} fixedLayer={null} />}
      <Figure
        name="overview"
        title="All behaviours"
        help="From the fixed layer to the predicted ones, and on to what the best layer of each sample would give."
        subject={[method.method]}
        data={chartData}
        draw={overview}
        table={overviewTable}
        controls={<MeasurePicker measure={measure} onPick={setMeasure} />}
      />
      <BehaviorTable scope={scope} rows={rows} />
    </section>
  );
}

type Rows = {name: string; results: ReturnType<Scope["data"]["results"]>}[];

function BehaviorTable({scope, rows}: {scope: Scope; rows: Rows}) {
  const {view, change, policy} = scope;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Choose a behaviour">
      <table class="data-table behaviors">
        <thead>
          <tr>
            <th scope="col">Behaviour</th>
            <th scope="col" class="numeric">
              Fixed
            </th>
            <th scope="col" class="numeric">
              {policyLabel(policy)}
            </th>
            <th scope="col" class="numeric">
              Optimum
            </th>
            <th scope="col" class="numeric">
              Gain, bootstrap interval
            </th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({name, results}) => {
            const chosen = results.get(policy);
            const verdict = verdictOf(chosen);
            const pick = (event: MouseEvent): void => {
              change({behavior: name, sample: ""});
              jumpTo("answer")(event);
            };
            return (
              <tr key={name} aria-current={name === view.behavior ? "true" : undefined}>
                <th scope="row">
                  <button type="button" class="link" onClick={pick}>
                    <bdi>{visibleLine(name, 60)}</bdi>
                  </button>
                </th>
                <td class="numeric">{number(results.get("fixed")?.steerability)}</td>
                <td class="numeric">{number(chosen?.steerability)}</td>
                <td class="numeric">{number(results.get("optimum")?.steerability)}</td>
                <td class="numeric">
                  {signed(chosen?.gain_over_fixed?.mean)}{" "}
                  {chosen?.gain_over_fixed && <span class="quiet">{interval(chosen.gain_over_fixed)}</span>}
                </td>
                <td class={`verdict ${verdict}`}>{verdictWords[verdict]}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
