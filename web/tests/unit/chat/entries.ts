// Vectors of a server with 6 layers.
import type {VectorEntry} from "../../../src/chat/contract.js";

export const warm: VectorEntry = {
  name: "warm",
  method: "caa",
  layers: [0, 1, 2, 3, 4, 5],
  has_predictor: true,
  fixed_layer: 3,
};

/** A control vector of another tool: none at layer 0, and no predictor. */
export const calm: VectorEntry = {
  name: "calm",
  method: "imported",
  layers: [1, 2, 3, 4],
  has_predictor: false,
  fixed_layer: null,
};
