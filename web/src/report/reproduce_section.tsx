// Everything needed to get the same numbers again.
import {useMemo, useRef, useState} from "preact/hooks";
import {announce} from "../common/announce.js";
import type {Summary} from "./contract.js";
import {duration} from "../common/format.js";
import type {Scope} from "./scope.js";
import {Section} from "./section.js";
import {visible} from "../common/visible_text.js";

export function ReproduceSection({scope}: {scope: Scope}) {
  const {summary} = scope.data;
  const text = useMemo(() => settingsText(summary), [summary]);
  const [copied, setCopied] = useState(false);
  const shown = useRef<HTMLPreElement>(null);
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    setCopied(done);
    if (!done) getSelection()?.selectAllChildren(shown.current!);
    announce(done ? "Copied." : "The browser does not let the page copy; the text is selected.");
  };
  return (
    <Section
      id="reproduce"
      title="Reproduce"
      lead="The same program, model and data (by their SHA-256) with these settings give the same numbers, on any number of threads."
    >
      <div class="figure reproduce">
        <div class="figure-head">
          <h3>Settings, hashes, versions</h3>
          <div class="figure-tools">
            <button type="button" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </button>
          </div>
        </div>
        <pre class="settings" ref={shown}>
          <bdi>{visible(text)}</bdi>
        </pre>
      </div>
      <Times summary={summary} />
    </Section>
  );
}

export function settingsText(summary: Summary): string {
  const group = (title: string, entries: Readonly<Record<string, string>>): string => {
    const width = Math.max(...Object.keys(entries).map((key) => Math.min(key.length, 40)));
    const lines = Object.entries(entries).map(([key, value]) => `${key.padEnd(width)} = ${value}`);
    return [`[${title}]`, ...lines].join("\n");
  };
  const {settings, program, behaviors} = summary;
  const predictors = Object.fromEntries(
    behaviors.flatMap(({name, methods}) =>
      methods.flatMap(({method, encoder, predictors: all}) =>
        all.map(({policy, settings: chosen, epochs, seeds}) => [
          `${name}, ${method}, ${policy}`,
          `encoder ${encoder}; learning rate ${chosen.learningRate}; hidden ${chosen.hiddenLayers} x ${chosen.hiddenWidth}; weight decay ${chosen.weightDecay}; epochs ${epochs}; seeds ${seeds}`,
        ]),
      ),
    ),
  );
  return [
    group("measurement", settings.measurement),
    group("data: sha256", settings.data),
    group("run", settings.run),
    group("this page", {w2s: program.w2s, "llama.cpp": program["llama.cpp"]}),
    group("chosen by cross-validation", predictors),
  ].join("\n\n");
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Seconds by stage. */
function Times({summary}: {summary: Summary}) {
  const timed = summary.behaviors.filter(({seconds}) => seconds.length > 0);
  if (timed.length === 0)
    return <p class="note">Times were not recorded (an older version of w2s made this folder).</p>;
  const stages = [...new Set(timed.flatMap(({seconds}) => seconds.map(({stage}) => stage)))];
  const total = (name: string | null): number =>
    timed
      .filter((behavior) => name === null || behavior.name === name)
      .flatMap(({seconds}) => seconds)
      .reduce((sum, {seconds}) => sum + seconds, 0);
  return (
    <div class="figure">
      <h3>Time</h3>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Table: time by stage">
        <table class="data-table">
          <thead>
            <tr>
              <th scope="col">behaviour</th>
              {stages.map((stage) => (
                <th scope="col" class="numeric" key={stage}>
                  {stage}
                </th>
              ))}
              <th scope="col" class="numeric">
                together
              </th>
            </tr>
          </thead>
          <tbody>
            {timed.map(({name, seconds}) => (
              <tr key={name}>
                <th scope="row">
                  <bdi>{visible(name)}</bdi>
                </th>
                {stages.map((stage) => {
                  const taken = seconds.filter((each) => each.stage === stage);
                  return (
                    <td class="numeric" key={stage}>
                      {taken.length > 0 ? duration(taken.reduce((sum, each) => sum + each.seconds, 0)) : "\u2013"}
                    </td>
                  );
                })}
                <td class="numeric">{duration(total(name))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
