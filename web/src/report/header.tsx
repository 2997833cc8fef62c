import {Picker} from "./choices.js";
import {policyLabel} from "../common/format.js";
import type {Scope} from "./scope.js";
import {ThemeButton} from "../common/theme_button.js";
import {visibleLine} from "../common/visible_text.js";

export function Header({scope}: {scope: Scope}) {
  const {data, view, change, behavior, method} = scope;
  const {summary} = data;
  return (
    <header class="page-head">
      <div class="page-head-row">
        <p class="page-title">
          <strong>Where to steer</strong> <bdi>{visibleLine(summary.title, 60)}</bdi>
        </p>
        <div class="pickers" role="group" aria-label="What the report shows">
          {summary.behaviors.length > 1 && (
            <Picker
              label="Behaviour"
              value={view.behavior}
              options={summary.behaviors.map(({name}) => [name, visibleLine(name, 60)])}
              onPick={(name) => change({behavior: name, sample: ""})}
            />
          )}
          {behavior.methods.length > 1 && (
            <Picker
              label="Method"
              value={view.method}
              options={behavior.methods.map((each) => [each.method, each.method])}
              onPick={(name) => change({method: name})}
            />
          )}
          {method.predictors.length > 1 && (
            <Picker
              label="Policy"
              value={view.policy}
              options={method.predictors.map(({policy}) => [policy, policyLabel(policy)])}
              onPick={(policy) => change({policy})}
            />
          )}
          <ThemeButton />
        </div>
      </div>
    </header>
  );
}
