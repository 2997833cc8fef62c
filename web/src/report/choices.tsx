// Controls that choose one of several.
import type {Measure} from "../charts/index.js";

export interface Choice<Value extends string> {
  value: Value;
  label: string;
}

/** A few choices, one of which holds: buttons side by side. */
export function Choices<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly Choice<Value>[];
  onPick: (value: Value) => void;
}) {
  const {label, value, choices, onPick} = props;
  return (
    <div class="choices" role="group" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      {choices.map((choice) => (
        <button
          type="button"
          key={choice.value}
          aria-pressed={choice.value === value}
          onClick={() => onPick(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

interface PickerProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onPick: (value: string) => void;
}

/** Many choices, one of which holds: a list to unfold. */
export function Picker({label, value, options, onPick}: PickerProps) {
  return (
    <label class="picker">
      <span>{label}</span>
      <select value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {options.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

const measures: readonly Choice<Measure>[] = [
  {value: "steerability", label: "Steerability"},
  {value: "proportion", label: "Proportion steerable"},
];

export function MeasurePicker({measure, onPick}: {measure: Measure; onPick: (measure: Measure) => void}) {
  return <Choices label="Show" value={measure} choices={measures} onPick={onPick} />;
}
