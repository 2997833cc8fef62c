import {type Answer} from "./conversation.js";
import {useEffect, useState} from "preact/hooks";
import {SamplingFields} from "./sampling_fields.js";
import type {Settings, VectorSetting} from "./settings.js";
import {VectorControl} from "./vector_control.js";

interface ControlsProps {
  settings: Settings;
  /** What the strips beside the controls are of. */
  last: Answer | undefined;
  isLive: boolean;
  /** `isReleased` is false while a slider is being moved. */
  onChange: (settings: Settings, isReleased: boolean) => void;
  onLive: (isLive: boolean) => void;
}

/** Beside the conversation, or above it and folded where there is little room. */
export function Controls({settings, last, isLive, onChange, onLive}: ControlsProps) {
  const isNarrow = useNarrow();
  const [isOpen, setOpen] = useState(false);
  const {vectors} = settings;
  const replace = (index: number, next: VectorSetting, isReleased: boolean): void =>
    onChange({...settings, vectors: vectors.map((each, i) => (i === index ? next : each))}, isReleased);
  return (
    <details
      class="controls"
      open={!isNarrow || isOpen}
      onToggle={(event) => isNarrow && setOpen(event.currentTarget.open)}
    >
      <summary>
        Steering <span class="quiet">{summaryOf(vectors)}</span>
      </summary>
      <div class="controls-inside">
        {vectors.map((setting, i) => (
          <VectorControl
            key={setting.entry.name}
            setting={setting}
            entries={vectors.map(({entry}) => entry)}
            last={last}
            onChange={(next, isReleased) => replace(i, next, isReleased)}
          />
        ))}
        <fieldset class="how">
          <legend class="visually-hidden">How to ask</legend>
          <label class="check">
            <input
              type="checkbox"
              checked={settings.compare}
              onChange={(event) => onChange({...settings, compare: event.currentTarget.checked}, true)}
            />
            Compare with the unsteered answer
          </label>
          <label class="check">
            <input type="checkbox" checked={isLive} onChange={(event) => onLive(event.currentTarget.checked)} />
            Ask again when something changes
          </label>
        </fieldset>
        <SamplingFields sampling={settings.sampling} onChange={(sampling) => onChange({...settings, sampling}, true)} />
      </div>
    </details>
  );
}

function summaryOf(vectors: readonly VectorSetting[]): string {
  if (vectors.length === 0) return "no vectors";
  return `${vectors.filter(({on}) => on).length} of ${vectors.length} on`;
}

const narrow = "(max-width: 860px)";

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches);
  useEffect(() => {
    const query = matchMedia(narrow);
    const note = (): void => setNarrow(query.matches);
    query.addEventListener("change", note);
    return () => query.removeEventListener("change", note);
  }, []);
  return isNarrow;
}
