// Several charts in one picture.
import {element, fontSize, moveDrawing, shortened, textWidth} from "./frame.js";
import type {Chart, Frame} from "./types.js";

export interface Panel {
  /** Above the panel; the panel's own top margin has room for it. */
  title?: string | undefined;
  /** Its own font size stays. */
  chart: Chart;
}

export interface PanelGrid {
  columns: number;
  /** Of the first column, and of the others. */
  widths: [number, number];
}

export const panelGap = 12;

/** As many equally wide columns as there is room for, where the first one has `extra` more, for names. */
export function panelGrid(frame: Frame, count: number, extra: number, least: number): PanelGrid {
  const fits = Math.floor((frame.width - extra + panelGap) / (least + panelGap));
  const columns = Math.max(1, Math.min(count, fits));
  // No row with one panel alone under a full one, where fewer columns fill the rows.
  const rows = Math.ceil(count / columns);
  const balanced = Math.max(1, Math.ceil(count / rows));
  const inner = (frame.width - extra - (balanced - 1) * panelGap) / balanced;
  return {columns: balanced, widths: [Math.floor(inner + extra), Math.floor(inner)]};
}

export function oneColumn({width}: Frame): PanelGrid {
  return {columns: 1, widths: [width, width]};
}

function size(chart: Chart): {width: number; height: number} {
  return {width: Number(chart.getAttribute("width")), height: Number(chart.getAttribute("height"))};
}

/** Puts panels with one label of their horizontal axes beside and below each other, `top` pixels from the top. The scales are those of the first panel. */
export function arrange(
  frame: Frame,
  label: string,
  panels: readonly Panel[],
  grid: PanelGrid,
  top = 0,
  xLabel = "",
): Chart {
  const picture = element(frame.document, "svg", {
    class: "chart",
    fill: "currentColor",
    "text-anchor": "middle",
    "font-family": frame.fontFamily ?? "system-ui, sans-serif",
    "font-size": fontSize(frame),
    role: "img",
    "aria-label": label,
  });
  let [x, y, rowHeight] = [0, top, 0];
  panels.forEach(({title, chart}, i) => {
    if (i > 0 && i % grid.columns === 0) [x, y, rowHeight] = [0, y + rowHeight + panelGap, 0];
    const {width, height} = size(chart);
    const group = element(frame.document, "g", {transform: `translate(${x},${y})`, class: "panel"});
    group.setAttribute("font-size", chart.getAttribute("font-size") ?? String(fontSize(frame)));
    if (title !== undefined) {
      group.setAttribute("aria-label", title);
      group.append(panelTitle(frame, title, chart, width));
    }
    moveDrawing(chart, group);
    picture.append(group);
    x += width + panelGap;
    rowHeight = Math.max(rowHeight, height);
  });
  const height = y + rowHeight + (xLabel === "" ? 0 : Math.round(1.6 * fontSize(frame)));
  if (xLabel !== "") picture.append(textAt(frame, xLabel, frame.width / 2, height - Math.round(fontSize(frame) / 2)));
  picture.setAttribute("width", String(frame.width));
  picture.setAttribute("height", String(height));
  picture.setAttribute("viewBox", `0 0 ${frame.width} ${height}`);
  const first = panels[0]?.chart;
  return Object.assign(picture, {scale: ((name) => first?.scale(name)) as Chart["scale"]}) as Chart;
}

const boldFactor = 1.1;

function panelTitle(frame: Frame, title: string, chart: Chart, width: number): SVGTextElement {
  const size = boldFactor * fontSize(frame);
  const shown = shortened(title, width, size);
  const range = (chart.scale("x")?.range ?? [0, width]) as [number, number];
  const middle = (range[0] + range[1]) / 2;
  const half = textWidth(shown, size) / 2;
  const text = textAt(frame, shown, Math.max(half, Math.min(middle, width - half)), fontSize(frame) + 1);
  text.setAttribute("font-weight", "bold");
  return text;
}

function textAt(frame: Frame, content: string, x: number, y: number): SVGTextElement {
  return element(frame.document, "text", {x, y, fill: "currentColor"}, content);
}
