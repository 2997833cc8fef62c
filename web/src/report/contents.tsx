import {jumpTo} from "../common/jump.js";

const sections = [
  ["layers", "Layers"],
  ["choosing", "What choosing gains"],
  ["samples", "Samples"],
  ["variants", "Other prompts"],
  ["predictor", "Predictor"],
  ["encoders", "Encoders"],
  ["noise", "Noise floor"],
  ["reproduce", "Reproduce"],
] as const;

export function Contents() {
  return (
    <nav class="contents" aria-label="Sections">
      {sections.map(([id, title]) => (
        <a key={id} href={`#${id}`} onClick={jumpTo(id)}>
          {title}
        </a>
      ))}
    </nav>
  );
}
