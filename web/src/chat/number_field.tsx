import {typedNumber} from "./settings.js";

interface NumberFieldProps {
  /** Where no label stands beside it. */
  label?: string;
  value: number | null;
  low: number;
  high: number;
  step: number;
  placeholder?: string;
  /** Whether nothing is a value as well. */
  isOptional?: boolean;
  onNumber: (value: number | null) => void;
}

/** A number between two others; what is none of these becomes the one that was there. */
export function NumberField(props: NumberFieldProps) {
  const {label, value, low, high, step, placeholder, isOptional = false, onNumber} = props;
  return (
    <input
      type="number"
      aria-label={label}
      min={low}
      max={high}
      step={step}
      placeholder={placeholder}
      value={value ?? ""}
      onChange={(event) => {
        const {currentTarget: input} = event;
        const isNothing = isOptional && input.value === "" && !input.validity.badInput;
        const typed = isNothing ? null : (typedNumber(input.value, low, high) ?? value);
        input.value = `${typed ?? ""}`;
        if (typed !== value) onNumber(typed);
      }}
    />
  );
}
