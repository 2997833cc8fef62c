// Blocks of data that are inside the page: base64 of zlib-compressed bytes. What the bytes of a numbers block are is
// told in contract.ts and below.

/** What a numbers block holds, with shapes as [samples][layers][multipliers] in one array each. */
export interface SweepNumbers {
  /** Logit of the positive answer minus that of the negative one. */
  propensity: Float32Array;
  /** [samples][layers]: slope of the least-squares line of propensity over the multiplier. */
  steerability: Float32Array;
  /** [samples][layers of the predictor], 0 to 1. */
  probability: Float32Array;
}

interface SweepShape {
  samples: number;
  layers: number;
  multipliers: readonly number[];
  /** Layers that the predictor chooses among; 0 if there is no predictor. */
  predictorLayers: number;
}

export async function inflate(base64: string): Promise<ArrayBuffer> {
  const bytes = bytesOfBase64(base64.trim());
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).arrayBuffer();
}

export async function inflateJson<T>(base64: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await inflate(base64))) as T;
}

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Float32 base[samples], then the high and then the low bytes of int16 steps[samples][layers][multipliers], then
 * Uint8 probabilities[samples][predictorLayers] (255 = 1), all little-endian. Propensity is base + steps * step.
 */
export function unpackNumbers(buffer: ArrayBuffer, shape: SweepShape, step: number): SweepNumbers {
  const {samples, layers, predictorLayers} = shape;
  const values = samples * layers * shape.multipliers.length;
  const expected = 4 * samples + 2 * values + samples * predictorLayers;
  if (buffer.byteLength !== expected)
    throw new Error(`The page's numbers are damaged: ${buffer.byteLength} bytes where ${expected} are needed.`);

  const base = new DataView(buffer, 0, 4 * samples);
  const high = new Int8Array(buffer, 4 * samples, values);
  const low = new Uint8Array(buffer, 4 * samples + values, values);
  const bytes = new Uint8Array(buffer, 4 * samples + 2 * values, samples * predictorLayers);

  const propensity = new Float32Array(values);
  const perSample = layers * shape.multipliers.length;
  for (let sample = 0, i = 0; sample < samples; ++sample) {
    const offset = base.getFloat32(4 * sample, true);
    for (const end = i + perSample; i < end; ++i) propensity[i] = offset + (high[i]! * 256 + low[i]!) * step;
  }
  return {
    propensity,
    steerability: slopes(propensity, shape.multipliers),
    probability: Float32Array.from(bytes, (byte) => byte / 255),
  };
}

/** Slope of the least-squares line over `x` of each run of x.length values. */
export function slopes(values: Float32Array, x: readonly number[]): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const centred = x.map((value) => value - mean);
  const spread = centred.reduce((sum, value) => sum + value * value, 0);
  const result = new Float32Array(values.length / x.length);
  for (let line = 0, i = 0; line < result.length; ++line) {
    // Differences from the first value keep precision where propensity is large.
    const first = values[i]!;
    let sum = 0;
    for (const deviation of centred) sum += deviation * (values[i++]! - first);
    result[line] = spread > 0 ? sum / spread : 0;
  }
  return result;
}
