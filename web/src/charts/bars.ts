// Bars or dots by behaviour, a panel each for variants, methods or models.
import * as Plot from "@observablehq/plot";

import {draw, fontSize, horizontalAxis, isNumber, named, nameAxis, nameFormat, nameRoom} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import {arrange, panelGrid} from "./panels.js";
import type {Chart, Frame} from "./types.js";

export interface Bar {
  behavior: string;
  /** Name of a series. */
  series: string;
  value: number | null;
  /** Ends of a whisker. */
  low?: number | null | undefined;
  high?: number | null | undefined;
}

export interface BarSeries {
  name: string;
  label: string;
  color: string;
  symbol: Plot.SymbolType;
}

export interface BarPanels {
  label: string;
  behaviors: readonly string[];
  series: readonly BarSeries[];
  panels: readonly {title: string; bars: readonly Bar[]}[];
  xLabel: string;
  domain: [number, number];
  /** What the whiskers are. */
  whiskers?: string | undefined;
  /** Dots, on one line for each behaviour, suit many series. */
  mark?: "bars" | "dots" | undefined;
}

const leastPanel = 190;

interface PanelLayout {
  width: number;
  /** For the names of behaviours; 0 where they stand beside another panel. */
  room: number;
}

function panelMargins(
  frame: Frame,
  {room}: PanelLayout,
): {[side in `margin${"Top" | "Right" | "Bottom" | "Left"}`]: number} {
  return {
    marginTop: Math.round(2.4 * fontSize(frame)),
    marginBottom: Math.round(2 * fontSize(frame)),
    marginLeft: Math.max(room, 12),
    marginRight: 12,
  };
}

function whiskersOf(bars: readonly Bar[]): Bar[] {
  return bars.filter(({value, low, high}) => isNumber(value) && isNumber(low) && isNumber(high));
}

function barPanel(data: BarPanels, bars: readonly Bar[], layout: PanelLayout, frame: Frame): Chart {
  const {behaviors, series, domain} = data;
  const {width, room} = layout;
  const shown = bars.filter(({value}) => isNumber(value));
  const color = (name: string): string => series.find((candidate) => candidate.name === name)?.color ?? "currentColor";
  const margins = panelMargins(frame, layout);
  const group = series.length * 8 + 7;
  const place = {fy: "behavior", y: "series"};
  return draw({...frame, width}, "", {
    ...margins,
    height: margins.marginTop + margins.marginBottom + behaviors.length * group,
    x: horizontalAxis(domain, null, width - room, frame),
    y: {domain: series.map(({name}) => name), axis: null, paddingInner: 0.12, paddingOuter: 0.45},
    // Without gaps: the grid lines of neighbours meet.
    fy: {domain: behaviors, label: null, axis: null, padding: 0},
    marks: [
      room > 0
        ? Plot.axisFy({
            anchor: "left",
            label: null,
            tickSize: 0,
            tickFormat: nameFormat(room, frame),
            tickPadding: 6,
            marginLeft: room,
          })
        : null,
      named("bars", Plot.barX(shown, {...place, x: "value", fill: (bar: Bar) => color(bar.series), fillOpacity: 0.85})),
      Plot.ruleX([0], {strokeOpacity: 0.8}),
      ...series.map(({name, symbol}) =>
        named(
          name,
          Plot.dot(
            shown.filter((bar) => bar.series === name),
            {...place, x: "value", symbol, fill: color(name), r: 3.2},
          ),
        ),
      ),
      named("intervals", Plot.ruleY(whiskersOf(bars), {...place, x1: "low", x2: "high", strokeWidth: 1.6})),
    ],
    color: {type: "identity"},
  });
}

function dotPanel(data: BarPanels, bars: readonly Bar[], layout: PanelLayout, frame: Frame): Chart {
  const {behaviors, series, domain} = data;
  const {width, room} = layout;
  const shown = bars.filter(({value}) => isNumber(value));
  const margins = panelMargins(frame, layout);
  return draw({...frame, width}, "", {
    ...margins,
    height: margins.marginTop + margins.marginBottom + behaviors.length * 20,
    x: horizontalAxis(domain, null, width - room, frame),
    y: nameAxis(behaviors, room, frame),
    marks: [
      Plot.gridY({strokeOpacity: 0.08}),
      domain[0] < 0 ? Plot.ruleX([0], {strokeOpacity: 0.6}) : null,
      ...series.flatMap(({name, symbol, color}) => {
        const own = shown.filter((bar) => bar.series === name);
        return [
          Plot.link(whiskersOf(own), {y: "behavior", x1: "low", x2: "high", stroke: color, strokeWidth: 1.4}),
          named(name, Plot.dot(own, {y: "behavior", x: "value", symbol, fill: color, fillOpacity: 0.9, r: 4.2})),
        ];
      }),
    ],
    color: {type: "identity"},
  });
}

/** Horizontal bars or dots by behaviour; panels side by side where the width allows. */
export function barPanels(data: BarPanels, frame: Frame): Chart {
  const room = nameRoom(data.behaviors, frame);
  const grid = panelGrid(frame, data.panels.length, room, leastPanel);
  const entries: LegendEntry[] = [
    ...data.series.map(({label, color, symbol}) => ({
      label,
      color,
      symbol,
      ...(data.mark === "dots" ? {} : {swatch: 0.5}),
    })),
    ...(data.whiskers ? [{label: data.whiskers, color: "currentColor", line: true, strokeWidth: 1.6}] : []),
  ];
  const panels = data.panels.map(({title, bars}, i) => {
    const isFirst = i % grid.columns === 0;
    const width = grid.widths[isFirst ? 0 : 1];
    const drawPanel = data.mark === "dots" ? dotPanel : barPanel;
    return {title, chart: drawPanel(data, bars, {width, room: isFirst ? room : 0}, frame)};
  });
  const chart = arrange(frame, data.label, panels, grid, legendHeight(entries, frame) + 4, data.xLabel);
  addLegend(chart, entries, frame);
  return chart;
}
