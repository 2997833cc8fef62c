import {useCallback, useEffect, useMemo, useRef} from "preact/hooks";
import {AnswerSection} from "./answer_section.js";
import {Contents} from "./contents.js";
import type {MethodSummary} from "./contract.js";
import {drawAllNow} from "./draw_queue.js";
import {EncoderSection} from "./encoder_section.js";
import {Glossary} from "./glossary.js";
import {Header} from "./header.js";
import {jumpTo} from "../common/jump.js";
import {LayerSection} from "./layer_section.js";
import {useView, type View} from "./location.js";
import {NoiseSection} from "./noise_section.js";
import {OverviewSection} from "./overview_section.js";
import {PredictorSection} from "./predictor_section.js";
import type {ReportData, Sweep} from "./report_data.js";
import {ReproduceSection} from "./reproduce_section.js";
import {SampleSection} from "./sample_section.js";
import {type Loaded, type Scope, useLoaded} from "./scope.js";
import {VariantSection} from "./variant_section.js";

export function App({data}: {data: ReportData}) {
  const normalise = useCallback((view: Partial<View>) => normalised(data, view), [data]);
  const [view, change] = useView(normalise);
  const sweep = useLoaded(() => data.sweep(view.behavior, view.method), [data, view.behavior, view.method]);
  const scope = useMemo((): Scope => {
    const behavior = data.behavior(view.behavior);
    const method = data.method(view.behavior, view.method);
    const results = data.results(behavior.name, method.method);
    const subject = [behavior.name, method.method];
    return {data, view, change, behavior, method, policy: view.policy, results, subject};
  }, [data, view]);

  const linked = useRef(view.sample !== "");
  useEffect(() => {
    if (sweep.state !== "ready" || !linked.current) return;
    linked.current = false;
    document.getElementById("samples")?.scrollIntoView({behavior: "instant"});
  }, [sweep.state]);

  useEffect(() => {
    addEventListener("beforeprint", drawAllNow);
    return () => removeEventListener("beforeprint", drawAllNow);
  }, []);

  return (
    <>
      <a class="skip-link" href="#main" onClick={jumpTo("main")}>
        Skip to the report
      </a>
      <Header scope={scope} />
      <main id="main" tabIndex={-1}>
        {data.summary.behaviors.length > 1 && <OverviewSection scope={scope} />}
        <AnswerSection scope={scope} />
        <Glossary />
        <Contents />
        <SweepSections scope={scope} sweep={sweep} />
        <VariantSection scope={scope} />
        <PredictorSection scope={scope} />
        <EncoderSection scope={scope} />
        <NoiseSection scope={scope} />
        <ReproduceSection scope={scope} />
      </main>
      <footer class="page-foot">
        Made by w2s {data.summary.program.w2s}. Everything is inside this file: it asks no server for anything.
      </footer>
      <div id="announcements" class="visually-hidden" role="status" aria-live="polite" />
    </>
  );
}

/** The samples that were shown before stay until the next ones are unpacked, so that the page keeps its place. */
function SweepSections({scope, sweep}: {scope: Scope; sweep: Loaded<Sweep>}) {
  const last = useRef<{scope: Scope; sweep: Sweep} | null>(null);
  if (sweep.state === "ready") last.current = {scope, sweep: sweep.value};
  if (sweep.state === "failed")
    return (
      <p class="failure" role="alert">
        The samples of this behaviour can't be shown. {sweep.message}
      </p>
    );
  const shown = last.current;
  if (!shown)
    return (
      <p class="loading" role="status">
        Unpacking the samples…
      </p>
    );
  return (
    <div
      aria-busy={sweep.state === "loading"}
      data-behavior={shown.sweep.behavior.name}
      data-method={shown.sweep.method.method}
    >
      <LayerSection {...shown} />
      <SampleSection {...shown} />
    </div>
  );
}

/** Only what the report has: links from elsewhere may name what it hasn't. */
function normalised(data: ReportData, view: Partial<View>): View {
  const behavior = data.behavior(view.behavior ?? "").name;
  const method = data.method(behavior, view.method ?? data.summary.methods[0] ?? "");
  const policies = method.predictors.map((predictor) => predictor.policy);
  const policy = view.policy && policies.includes(view.policy) ? view.policy : commonPolicy(data, method);
  return {behavior, method: method.method, policy, sample: view.sample ?? ""};
}

/** The policy that is the default of most behaviours: with the first one's, the overview would depend on their order. */
function commonPolicy({summary}: ReportData, {method, predictors, defaultPolicy}: MethodSummary): string {
  const defaults = summary.behaviors.flatMap((behavior) =>
    behavior.methods.filter((each) => each.method === method).map((each) => each.defaultPolicy),
  );
  const count = (policy: string): number => defaults.filter((each) => each === policy).length;
  const common = defaults.reduce((found, each) => (count(each) > count(found) ? each : found), defaultPolicy);
  return predictors.some(({policy}) => policy === common) ? common : defaultPolicy;
}
