import {visibleLine} from "../common/visible_text.js";
import type {VectorEntry} from "./contract.js";
import type {Answer} from "./conversation.js";
import {LayerStrip} from "./layer_strip.js";
import {NumberField} from "./number_field.js";
import {largestScale, largestSliderScale, type VectorSetting} from "./settings.js";
import {strips} from "./strip.js";

interface VectorControlProps {
  setting: VectorSetting;
  entries: readonly VectorEntry[];
  last: Answer | undefined;
  onChange: (setting: VectorSetting, isReleased: boolean) => void;
}

export function VectorControl({setting, entries, last, onChange}: VectorControlProps) {
  const {entry, on, scale} = setting;
  const name = visibleLine(entry.name, 60);
  const slideTo = (input: HTMLInputElement, isReleased: boolean): void =>
    onChange({...setting, scale: input.valueAsNumber}, isReleased);
  const strip = last?.steering ? strips(last.steering, entries).find((each) => each.name === entry.name) : undefined;
  const steered = last?.request.steering?.vectors.find((vector) => vector.name === entry.name);
  return (
    <fieldset class="vector" data-vector={entry.name}>
      <legend>
        <label class="check">
          <input
            type="checkbox"
            checked={on}
            onChange={(event) => onChange({...setting, on: event.currentTarget.checked}, true)}
          />
          <bdi>{name}</bdi>
        </label>
        <span class="quiet">{visibleLine(entry.method, 20)}</span>
      </legend>
      {on && (
        <>
          <div class="scale-row">
            <input
              type="range"
              aria-label={`Scale of ${name}`}
              min={-largestSliderScale}
              max={largestSliderScale}
              step={0.1}
              value={scale}
              style={fill(scale)}
              onInput={(event) => slideTo(event.currentTarget, false)}
              onChange={(event) => slideTo(event.currentTarget, true)}
            />
            <NumberField
              label={`Scale of ${name} as a number`}
              low={-largestScale}
              high={largestScale}
              step={0.1}
              value={scale}
              onNumber={(value) => onChange({...setting, scale: value ?? scale}, true)}
            />
          </div>
          <LayerPicker setting={setting} onChange={(layer) => onChange({...setting, layer}, true)} />
          {strip && steered && <LayerStrip strip={strip} scale={steered.scale} />}
        </>
      )}
    </fieldset>
  );
}

interface LayerPickerProps {
  setting: VectorSetting;
  onChange: (layer: VectorSetting["layer"]) => void;
}

function LayerPicker({setting: {entry, layer}, onChange}: LayerPickerProps) {
  const parse = (value: string): VectorSetting["layer"] =>
    value === "auto" || value === "auto:3" || value === "fixed" ? value : Number(value);
  const options: [value: string, label: string][] = [];
  if (entry.has_predictor)
    options.push(["auto", "auto: the predictor's choice"], ["auto:3", "auto: its three likeliest"]);
  if (entry.fixed_layer !== null) options.push(["fixed", `${entry.fixed_layer}: best for all prompts`]);
  options.push(...entry.layers.map((each): [string, string] => [`${each}`, `${each}`]));
  return (
    <label class="layer-picker">
      <span>Layer</span>
      <select
        value={`${layer}`}
        aria-label={`Layer of ${visibleLine(entry.name, 60)}`}
        onChange={(event) => onChange(parse(event.currentTarget.value))}
      >
        {options.map(([value, label]) => (
          <option key={value} value={value} selected={value === `${layer}`}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** From zero to the scale, as shares of the slider's width. */
function fill(scale: number): string {
  const position = (value: number): string => {
    const inside = Math.min(largestSliderScale, Math.max(-largestSliderScale, value));
    return `${(((inside + largestSliderScale) / (2 * largestSliderScale)) * 100).toFixed(1)}%`;
  };
  const color = scale < 0 ? "var(--fixed)" : "var(--w2s)";
  return `--from: ${position(Math.min(0, scale))}; --to: ${position(Math.max(0, scale))}; --fill: ${color}`;
}
