import {describe, expect, test} from "vitest";
import {defaultSampling, defaultVectors, requestFor, type Settings, typedNumber} from "../../../src/chat/settings.js";
import {calm, warm} from "./entries.js";

const settings = (change: Partial<Settings> = {}): Settings => ({
  model: "tiny",
  vectors: defaultVectors([warm, calm]),
  sampling: defaultSampling,
  compare: true,
  ...change,
});
const messages = [{role: "user" as const, content: "How was it?"}];

describe("a request", () => {
  test("is greedy and steered by the first vector, unless something else is asked for", () => {
    expect(requestFor(settings(), messages, true)).toEqual({
      model: "tiny",
      messages,
      temperature: 0,
      max_tokens: defaultSampling.maxTokens,
      steering: {vectors: [{name: "warm", scale: 1, layer: "auto"}]},
    });
  });

  test("of the unsteered side differs by nothing but the steering", () => {
    const {steering, ...others} = requestFor(settings(), messages, true);
    expect(steering).toBeDefined();
    expect(requestFor(settings(), messages, false)).toEqual(others);
  });

  test("has every vector that is on, with its scale and layer", () => {
    const vectors = [
      {entry: warm, on: true, scale: -2, layer: "fixed" as const},
      {entry: calm, on: true, scale: 0.5, layer: 2},
    ];
    expect(requestFor(settings({vectors}), messages, true).steering).toEqual({
      vectors: [
        {name: "warm", scale: -2, layer: 3},
        {name: "calm", scale: 0.5, layer: 2},
      ],
    });
    const off = vectors.map((vector) => ({...vector, on: false}));
    expect(requestFor(settings({vectors: off}), messages, true)).not.toHaveProperty("steering");
  });

  test("has a seed only if there is one", () => {
    expect(requestFor(settings(), messages, true)).not.toHaveProperty("seed");
    const sampling = {...defaultSampling, temperature: 0.7, seed: 0};
    expect(requestFor(settings({sampling}), messages, true)).toMatchObject({temperature: 0.7, seed: 0});
  });
});

describe("a vector", () => {
  test("without a predictor begins at its fixed layer, or in the middle", () => {
    const layers = defaultVectors([warm, calm, {...calm, fixed_layer: 4}]).map(({layer}) => layer);
    expect(layers).toEqual(["auto", 3, "fixed"]);
  });
});

describe("a typed number", () => {
  test("stays within its limits, and what is none is none", () => {
    expect(typedNumber("1.5", -3, 3)).toBe(1.5);
    expect(typedNumber("7", -3, 3)).toBe(3);
    expect(typedNumber("-1e9", -3, 3)).toBe(-3);
    for (const text of ["", " ", "x", "1e999", "NaN"]) expect(typedNumber(text, -3, 3)).toBeNull();
  });
});
