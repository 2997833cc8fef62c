const terms: readonly (readonly [term: string, meaning: string])[] = [
  [
    "Behaviour",
    "What the model is steered towards, described by pairs of answers, one that shows it and one that does not.",
  ],
  [
    "Steering vector",
    "A direction in the model's hidden state, one for each layer, that is added at the last token of the prompt.",
  ],
  ["Multiplier (\u03bb)", "What the vector is multiplied by; negative multipliers steer away from the behaviour."],
  ["Propensity", "Logit of the answer that shows the behaviour minus the logit of the other one."],
  [
    "Steerability",
    "Slope of the least-squares line of propensity over the multiplier, for one sample at one layer. Above 0 the sample is steerable.",
  ],
  [
    "Fixed layer",
    "The one layer that is best on average over training and validation samples. What almost everyone does.",
  ],
  [
    "W2S Top-k",
    "A small network reads the prompt and chooses the layer. Top-1 learns each sample's best layer; Top-2 and Top-3 the one of its two or three best that is best for most samples.",
  ],
  ["W2S expected", "A network trained to choose layers that steer well on average, without labels."],
  ["Optimum", "Every sample at its own best layer, which takes the measurements to know: no predictor can do better."],
  [
    "Majority, random",
    "Policies to compare with: the layer that is best for most samples, or any of the predictor's layers.",
  ],
  [
    "Gain and its interval",
    "Mean difference to the fixed layer over test samples, with a bootstrap interval. Where the interval includes 0, the samples do not tell.",
  ],
  ["Regret", "How far below the optimum a policy stays."],
  ["Test samples", "Half of the samples, on which nothing was chosen or trained. All results are theirs."],
];

export function Glossary() {
  return (
    <details class="glossary">
      <summary>Glossary</summary>
      <dl>
        {terms.map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
