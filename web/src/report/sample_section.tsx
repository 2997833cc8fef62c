// The sample browser: search and filters, the list, and the sample that is open.
import {useEffect, useMemo, useState} from "preact/hooks";
import {Choices, Picker} from "./choices.js";
import {plural} from "../common/format.js";
import {sampleKey, sampleOfKey, type Sweep} from "./report_data.js";
import {allSamples, type Comparison, type Filter, filtered, searchTexts, summariesOf} from "./sample_filter.js";
import {SampleDetail} from "./sample_detail.js";
import {SampleList} from "./sample_list.js";
import type {Scope} from "./scope.js";
import {Section} from "./section.js";
import {visibleLine} from "../common/visible_text.js";

export function SampleSection({scope, sweep}: {scope: Scope; sweep: Sweep}) {
  const {view, change, policy, data} = scope;
  const [filter, setFilter] = useState<Filter>(allSamples);
  const [search, setSearch] = useDelayed(filter.search, (text) => setFilter((last) => ({...last, search: text})));
  const texts = useMemo(() => searchTexts(sweep), [sweep]);
  const samples = useMemo(() => summariesOf(sweep, policy), [sweep, policy]);
  const shown = useMemo(() => filtered(samples, texts, filter), [samples, texts, filter]);
  const open = sampleOfKey(sweep, view.sample);
  const layers = useMemo(() => [...new Set(samples.map(({best}) => best))].sort((a, b) => a - b), [samples]);
  const set = (changes: Partial<Filter>): void => setFilter((last) => ({...last, ...changes}));

  return (
    <Section
      id="samples"
      title="Samples"
      lead="Each sample by itself: its prompt, what steering does to it at every layer, and where the predictor would steer it."
    >
      <div class="filters" role="search" aria-label="Samples">
        <label class="picker search">
          <span>Search</span>
          <input
            type="search"
            value={search}
            placeholder={sweep.prompts ? "id or text" : "id"}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        {data.summary.behaviors.length > 1 && (
          <Picker
            label="Behaviour"
            value={view.behavior}
            options={data.summary.behaviors.map(({name}) => [name, visibleLine(name, 60)])}
            onPick={(behavior) => change({behavior, sample: ""})}
          />
        )}
        <Picker
          label="Part"
          value={filter.part}
          options={[["", "all"], ...[...new Set(sweep.parts)].map((part) => [part, part] as const)]}
          onPick={(part) => set({part})}
        />
        <Picker
          label="Best layer"
          value={filter.bestLayer === null ? "" : String(filter.bestLayer)}
          options={[["", "any"], ...layers.map((layer) => [String(layer), String(layer)] as const)]}
          onPick={(layer) => set({bestLayer: layer === "" ? null : Number(layer)})}
        />
        <Choices<Comparison>
          label="W2S against fixed"
          value={filter.comparison}
          choices={[
            {value: "all", label: "all"},
            {value: "better", label: "better"},
            {value: "equal", label: "equal"},
            {value: "worse", label: "worse"},
          ]}
          onPick={(comparison) => set({comparison})}
        />
      </div>
      <p class="note" role="status" data-count={shown.length}>
        {plural(shown.length, "sample")}
        {shown.length < samples.length && ` of ${samples.length}`}
        {!sweep.prompts && (
          <>
            . Their texts are not in this folder (an older version of w2s made it); <code>w2s run</code> again with the
            same options adds them.
          </>
        )}
      </p>
      <div class="browser">
        <SampleList
          sweep={sweep}
          shown={shown}
          open={open}
          onOpen={(sample) => change({sample: sampleKey(sweep, sample)})}
        />
        {open >= 0 ? (
          <SampleDetail scope={scope} sweep={sweep} sample={open} shown={shown} />
        ) : (
          <p class="detail empty">Choose a sample from the list, or click one in the map above.</p>
        )}
      </div>
    </Section>
  );
}

/** A text field that is followed a moment after the last key: filtering thousands of prompts takes some time. */
function useDelayed(value: string, onChange: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), 120);
    return () => clearTimeout(timer);
  }, [text, value]);
  return [text, setText];
}
