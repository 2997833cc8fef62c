// Small pictures as data URLs, without a canvas: there is none where no browser is.
import {encode} from "fast-png";

/** A PNG of pixels[y * width + x], each the number of one of up to 256 colours (red, green, blue); as a data URL. */
export function pngUrl(
  pixels: Uint8Array,
  width: number,
  height: number,
  colors: readonly (readonly [number, number, number])[],
): string {
  const palette = colors.map((color) => [...color]);
  const png = encode({width, height, data: pixels, channels: 1, depth: 8, palette});
  return `data:image/png;base64,${btoa(Array.from(png, (byte) => String.fromCharCode(byte)).join(""))}`;
}
