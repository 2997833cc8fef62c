import {NumberField} from "./number_field.js";
import type {Sampling} from "./settings.js";

interface SamplingFieldsProps {
  sampling: Sampling;
  onChange: (sampling: Sampling) => void;
}

const largestCount = 2 ** 31 - 1;

export function SamplingFields({sampling, onChange}: SamplingFieldsProps) {
  const {system, temperature, maxTokens, seed} = sampling;
  return (
    <details class="sampling">
      <summary>System message and sampling</summary>
      <label class="field wide">
        <span>System message</span>
        <textarea
          rows={2}
          value={system}
          onChange={(event) => onChange({...sampling, system: event.currentTarget.value})}
        />
      </label>
      <label class="field">
        <span>Temperature</span>
        <NumberField
          low={0}
          high={2}
          step={0.1}
          value={temperature}
          onNumber={(value) => onChange({...sampling, temperature: value ?? temperature})}
        />
      </label>
      <label class="field">
        <span>Most tokens</span>
        <NumberField
          low={1}
          high={largestCount}
          step={1}
          value={maxTokens}
          onNumber={(value) => onChange({...sampling, maxTokens: Math.round(value ?? maxTokens)})}
        />
      </label>
      <label class="field">
        <span>Seed</span>
        <NumberField
          low={0}
          high={largestCount}
          step={1}
          isOptional
          placeholder="any"
          value={seed}
          onNumber={(value) => onChange({...sampling, seed: value === null ? null : Math.round(value)})}
        />
      </label>
      <p class="note">At temperature 0 the answers differ by nothing but the steering.</p>
    </details>
  );
}
