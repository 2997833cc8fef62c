import {deflateSync} from "node:zlib";
import {describe, expect, test} from "vitest";
import {inflateJson, inflate, slopes, unpackNumbers} from "../../../src/report/unpack.js";
import {packNumbers, randomOf} from "../../synthetic.js";

const arrayBuffer = (bytes: Buffer): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

describe("a block", () => {
  test("is inflated to the bytes that were packed, also with spaces around it", async () => {
    const bytes = Buffer.from(Array.from({length: 70_000}, (_, i) => (i * i) % 251));
    const text = deflateSync(bytes).toString("base64");
    expect(Buffer.from(await inflate(`\n ${text}\n`)).equals(bytes)).toBe(true);
  });

  test("of JSON keeps every character", async () => {
    const value = {text: "</script> \u202e\u0000 \ud83d\udc69 \u05e9\u05dc\u05d5\u05dd"};
    expect(await inflateJson(deflateSync(JSON.stringify(value)).toString("base64"))).toEqual(value);
  });

  test("that is damaged is refused", async () => {
    const bytes = deflateSync("steering");
    bytes[4]! ^= 255;
    await expect(inflate(bytes.toString("base64"))).rejects.toThrow();
  });
});

describe("a numbers block", () => {
  const shape = {samples: 2, layers: 2, multipliers: [-1, 0, 1], predictorLayers: 2};

  test("is read as little-endian base, planes of high and low bytes, and probabilities", () => {
    const bytes = Buffer.alloc(8 + 24 + 4);
    bytes.writeFloatLE(1.5, 0);
    bytes.writeFloatLE(-2, 4);
    const steps = [0, 1, -1, 256, -256, 300, 32767, -32768, 0, 0, 2, 4];
    steps.forEach((step, i) => {
      bytes.writeUInt8((step >> 8) & 255, 8 + i);
      bytes.writeUInt8(step & 255, 20 + i);
    });
    bytes.set([255, 0, 51, 204], 32);
    const numbers = unpackNumbers(arrayBuffer(bytes), shape, 0.25);
    const base = [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, -2, -2, -2, -2, -2, -2];
    expect([...numbers.propensity]).toEqual(steps.map((step, i) => base[i]! + step * 0.25));
    expect([...numbers.probability].map((value) => Number(value.toFixed(6)))).toEqual([1, 0, 0.2, 0.8]);
    expect(numbers.steerability[3]).toBeCloseTo((4 - 0) * 0.25 * 0.5, 6);
  });

  test("gives back any propensities to half a step", () => {
    const random = randomOf(7);
    const propensity = Float64Array.from({length: 12}, () => 20 * random() - 10);
    const step = 20 / 32767;
    const bytes = packNumbers(propensity, 2, 1, step, new Float64Array(4));
    const numbers = unpackNumbers(arrayBuffer(bytes), shape, step);
    numbers.propensity.forEach((value, i) => expect(Math.abs(value - propensity[i]!)).toBeLessThan(0.51 * step));
  });

  test("of another size than the summary tells is refused", () => {
    expect(() => unpackNumbers(new ArrayBuffer(35), shape, 1)).toThrow("35 bytes where 36 are needed");
  });
});

describe("the slope", () => {
  test("of a straight line is its own, however far from zero the line is", () => {
    const x = [-1.5, -1, 0, 2];
    const lines = [0.25, -3, 0].flatMap((slope) => x.map((at) => 1000 + slope * at));
    const found = slopes(Float32Array.from(lines), x);
    [0.25, -3, 0].forEach((slope, i) => expect(found[i]).toBeCloseTo(slope, 3));
  });

  test("of points beside a line is that of least squares", () => {
    expect(slopes(Float32Array.of(0, 2, 1), [-1, 0, 1])[0]).toBeCloseTo(0.5, 6);
  });

  test("over one multiplier alone is zero and not infinite", () => {
    expect([...slopes(Float32Array.of(1, 2), [1])]).toEqual([0, 0]);
  });
});
