import {parseHTML} from "linkedom";

import {palette, type Chart, type Frame} from "../../../src/charts/index.js";

export function frameOf(width = 640): Frame {
  return {document: parseHTML("<!doctype html><html><body></body></html>").document, width, colors: palette};
}

/** The group of a mark, by its name. */
export function group(chart: Chart, name: string): Element {
  const found = [...chart.querySelectorAll("g")].find((candidate) => candidate.getAttribute("aria-label") === name);
  if (!found) throw new Error(`no mark "${name}" in the chart`);
  return found;
}

export function hasGroup(chart: Chart, name: string): boolean {
  return [...chart.querySelectorAll("g")].some((candidate) => candidate.getAttribute("aria-label") === name);
}

export function texts(parent: Element): string[] {
  return [...parent.querySelectorAll("text")].map((text) => text.textContent ?? "");
}

/** Numbers of a path or of any attribute. */
export function numbers(text: string | null): number[] {
  return (text ?? "").match(/-?\d+(\.\d+)?(e-?\d+)?/g)?.map(Number) ?? [];
}

/** Points of a path of straight lines. */
export function points(path: string | null): [number, number][] {
  const all = numbers(path);
  return Array.from({length: all.length / 2}, (_, i) => [all[2 * i]!, all[2 * i + 1]!]);
}

/** Where the dots of a mark are; Plot moves whole groups to the middles of bands. */
export function dots(parent: Element): [number, number][] {
  const [dx = 0, dy = 0] = numbers(parent.getAttribute("transform"));
  return [...parent.querySelectorAll("path, circle")].map((dot) => {
    const [x, y] = dot.hasAttribute("transform")
      ? numbers(dot.getAttribute("transform"))
      : [Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))];
    return [x! + dx, y! + dy];
  });
}

export function apply(chart: Chart, scale: "x" | "y", value: unknown): number {
  return chart.scale(scale)!.apply(value) as number;
}

/** What no chart may have: a coordinate that is none, in a path or an attribute. */
export function badCoordinates(chart: Chart): string[] {
  return [...chart.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes]
      .filter(({name, value}) => name !== "aria-label" && /NaN|Infinity|undefined/.test(value))
      .map(({name, value}) => `${element.localName} ${name}="${value.slice(0, 80)}"`),
  );
}
