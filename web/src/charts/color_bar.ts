// The legend of a continuous colour scale, inside the SVG.
import type {ValueColors} from "./color.js";
import {element, fontSize, short} from "./frame.js";
import {pngUrl} from "./png.js";
import type {Chart, Frame} from "./types.js";

const barHeight = 10;

/** The room that a colour bar with its label takes. */
export function colorBarHeight(frame: Frame): number {
  return Math.round(barHeight + 3.6 * fontSize(frame));
}

/** Three or five numbers over the domain, the middle one included. */
function barTicks([low, high]: [number, number], width: number): number[] {
  const count = width >= 240 ? 5 : 3;
  return Array.from({length: count}, (_, i) => {
    const share = i / (count - 1);
    return low * (1 - share) + high * share;
  });
}

interface ColorBar {
  colors: ValueColors;
  label: string;
  /** Some values lie beyond the scale's ends and have the end's colour. */
  clamped?: {low: boolean; high: boolean};
  format?: (value: number) => string;
}

/** Draws a colour bar with its top at `top`. */
export function addColorBar(
  chart: Chart,
  {colors, label, clamped, format = short}: ColorBar,
  frame: Frame,
  top: number,
): void {
  const size = fontSize(frame);
  const width = Math.min(320, frame.width - 24);
  const [low, high] = colors.domain;
  const steps = 128;
  const shades = Array.from({length: steps}, (_, i) => colors.rgb(low + (i / (steps - 1)) * (high - low)));
  const group = element(frame.document, "g", {
    "aria-label": "colours",
    "text-anchor": "start",
    transform: `translate(8,${top})`,
  });
  group.append(
    element(frame.document, "text", {x: 0, y: size}, label),
    element(frame.document, "image", {
      x: 0,
      y: 1.5 * size,
      width,
      height: barHeight,
      preserveAspectRatio: "none",
      href: pngUrl(Uint8Array.from(shades.keys()), steps, 1, shades),
    }),
    element(frame.document, "rect", {
      x: 0,
      y: 1.5 * size,
      width,
      height: barHeight,
      fill: "none",
      stroke: "currentColor",
      "stroke-opacity": 0.4,
    }),
  );
  const ticks = barTicks(colors.domain, width);
  ticks.forEach((value, i) => {
    const [first, last] = [i === 0, i === ticks.length - 1];
    const text = `${first && clamped?.low ? "≤ " : last && clamped?.high ? "≥ " : ""}${format(value)}`;
    const at = {x: (i / (ticks.length - 1)) * width, y: 2.6 * size + barHeight};
    const anchor = first ? "start" : last ? "end" : "middle";
    group.append(element(frame.document, "text", {...at, "text-anchor": anchor}, text));
  });
  chart.append(group);
}
