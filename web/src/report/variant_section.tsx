// In and out of distribution: the prompts that everything was fitted on, and the same questions asked otherwise.
import {useMemo, useState} from "preact/hooks";
import {type Measure, variants, type VariantData, variantsTable} from "../charts/index.js";
import {Choices, MeasurePicker} from "./choices.js";
import {Figure, MissingFigure} from "./figure.js";
import {policyLabel} from "../common/format.js";
import type {Scope} from "./scope.js";
import {Section} from "./section.js";
import {visibleLine} from "../common/visible_text.js";

const title = "In and out of distribution";

export function VariantSection({scope}: {scope: Scope}) {
  const {data} = scope;
  const hasVariants = data.summary.results.some((row) => row.variant !== "BASE");
  return (
    <Section
      id="variants"
      title="Other prompts"
      lead="Vectors, fixed layer and predictor come from BASE prompts. The variants put a description of the behaviour, or of its opposite, into the system message or before the question."
    >
      {hasVariants ? (
        <Variants scope={scope} />
      ) : (
        <MissingFigure name="variants" title={title}>
          Only BASE prompts were measured. <code>w2s run --variants all</code> adds the prompt variants of data that
          describe their behaviour.
        </MissingFigure>
      )}
    </Section>
  );
}

type Extent = "this" | "all";

function Variants({scope}: {scope: Scope}) {
  const {data, method, policy, behavior} = scope;
  const several = data.summary.behaviors.length > 1;
  const [measure, setMeasure] = useState<Measure>("steerability");
  const [extent, setExtent] = useState<Extent>("this");
  const chartData = useMemo((): VariantData => {
    const names = several && extent === "all" ? data.summary.behaviors.map(({name}) => name) : [behavior.name];
    const value = measure === "steerability" ? "steerability" : "proportion_steerable";
    const rows = names.flatMap((name) => {
      const own = data.summary.results.filter(
        (row) => row.behavior === name && row.method === method.method && row.split === "test",
      );
      return [...new Set(own.map((row) => row.variant))].map((variant) => {
        const of = (wanted: string) => own.find((row) => row.variant === variant && row.policy === wanted);
        const chosen = of(policy);
        return {
          behavior: visibleLine(name, 60),
          variant,
          fixed: of("fixed")?.[value] ?? null,
          w2s: chosen?.[value] ?? null,
          gain: chosen?.gain_over_fixed ?? null,
        };
      });
    });
    return {measure, rows};
  }, [data, method, policy, behavior, several, extent, measure]);
  return (
    <Figure
      name="variants"
      title={title}
      help={`Fixed layer and ${policyLabel(policy)} on the prompts they come from (BASE) and on the others.`}
      subject={scope.subject}
      data={chartData}
      draw={variants}
      table={variantsTable}
      controls={
        <>
          <MeasurePicker measure={measure} onPick={setMeasure} />
          {several && (
            <Choices<Extent>
              label="Of"
              value={extent}
              choices={[
                {value: "this", label: "this behaviour"},
                {value: "all", label: "all behaviours"},
              ]}
              onPick={setExtent}
            />
          )}
        </>
      }
    />
  );
}
