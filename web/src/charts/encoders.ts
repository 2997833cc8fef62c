// Prompt encoders: what their spaces look like, and how well they tell behaviours apart.
import * as Plot from "@observablehq/plot";

import {addColorBar, colorBarHeight} from "./color_bar.js";
import {category, css, sequential, type Category, type CategorySymbol, type ValueColors} from "./color.js";
import {
  domainOf,
  draw,
  element,
  extent,
  fontSize,
  horizontalAxis,
  isNumber,
  named,
  nameAxis,
  nameRoom,
  numberOrNull,
  short,
  textWidth,
} from "./frame.js";
import type {LegendEntry} from "./legend.js";
import {placeLabels, type LabelBox} from "./label_places.js";
import type {Chart, EncoderMapData, Frame, SilhouetteData, Table} from "./types.js";

type Point = EncoderMapData["points"][number];

const outlines: Record<CategorySymbol, (r: number) => string> = {
  circle: (r) => `m${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
  square: (r) => `m${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  triangle: (r) => `m0,${-1.3 * r}l${1.25 * r},${2.2 * r}h${-2.5 * r}z`,
  "triangle down": (r) => `m0,${1.3 * r}l${1.25 * r},${-2.2 * r}h${-2.5 * r}z`,
  diamond: (r) => `m0,${-1.4 * r}l${1.2 * r},${1.4 * r}l${-1.2 * r},${1.4 * r}l${-1.2 * r},${-1.4 * r}z`,
  cross: (r) =>
    `m${-0.4 * r},${-1.3 * r}h${0.8 * r}v${0.9 * r}h${0.9 * r}v${0.8 * r}h${-0.9 * r}v${0.9 * r}h${-0.8 * r}v${-0.9 * r}h${-0.9 * r}v${-0.8 * r}h${0.9 * r}z`,
  times: (r) =>
    `m${-1.1 * r},${-0.6 * r}l${0.5 * r},${-0.5 * r}l${0.6 * r},${0.6 * r}l${0.6 * r},${-0.6 * r}l${0.5 * r},${0.5 * r}l${-0.6 * r},${0.6 * r}l${0.6 * r},${0.6 * r}l${-0.5 * r},${0.5 * r}l${-0.6 * r},${-0.6 * r}l${-0.6 * r},${0.6 * r}l${-0.5 * r},${-0.5 * r}l${0.6 * r},${-0.6 * r}z`,
};

interface Group {
  name: string;
  color: string;
  symbol: CategorySymbol;
  points: Point[];
}

/** Behaviours in the order that gives them colour and symbol. */
function behaviorsOf({points, behaviors}: EncoderMapData): string[] {
  return [...new Set([...(behaviors ?? []), ...points.map(({behavior}) => behavior)])];
}

function byBehavior(data: EncoderMapData, points: readonly Point[]): Group[] {
  return behaviorsOf(data).map((name, i): Group => {
    const {color, symbol}: Category = category(i);
    return {name, color, symbol, points: points.filter(({behavior}) => behavior === name)};
  });
}

function layerColors(points: readonly Point[]): ValueColors {
  const [low, high] = extent(points.map(({layer}) => layer)) ?? [0, 1];
  return {
    domain: [low, high > low ? high : low + 1],
    rgb: (layer) => sequential((layer - low) / (high > low ? high - low : 1)),
  };
}

function byLayer(points: readonly Point[], colors: ValueColors): Group[] {
  const layers = [...new Set(points.map(({layer}) => layer).filter(isNumber))].sort((a, b) => a - b);
  return layers.map((layer) => ({
    name: `layer ${layer}`,
    color: css(colors.rgb(layer)),
    symbol: "circle",
    points: points.filter((point) => point.layer === layer),
  }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function addPoints(chart: Chart, groups: readonly Group[], frame: Frame, rim: boolean): void {
  const [x, y] = [chart.scale("x"), chart.scale("y")];
  if (!x || !y) return;
  const count = groups.reduce((sum, {points}) => sum + points.length, 0);
  const r = count > 4000 ? 1.6 : count > 600 ? 2.2 : 3.2;
  const place = (point: Point): string =>
    `M${Math.round(10 * x.apply(point.x)) / 10},${Math.round(10 * y.apply(point.y)) / 10}`;
  const all = element(frame.document, "g", {"aria-label": "points"});
  for (const {name, color, symbol, points} of groups) {
    const outline = outlines[symbol](r).replace(/\d+\.\d+/g, (digits) =>
      String(Math.round(100 * Number(digits)) / 100),
    );
    const d = points.map((point) => place(point) + outline).join("");
    if (d === "") continue;
    all.append(
      element(frame.document, "path", {
        d,
        fill: color,
        "fill-opacity": 0.8,
        "aria-label": name,
        // The scale's ends come near to a light and to a dark background.
        ...(rim ? {stroke: "currentColor", "stroke-width": 0.4, "stroke-opacity": 0.4} : {}),
      }),
    );
  }
  chart.append(all);
}

const nameStyle = {dy: "0.32em", "font-weight": 600, fill: "currentColor"};

function addNames(chart: Chart, groups: readonly Group[], frame: Frame, height: number): void {
  const [x, y] = [chart.scale("x"), chart.scale("y")];
  if (!x || !y) return;
  const size = fontSize(frame);
  const shown = groups.filter(({points}) => points.length > 0);
  const middles = shown.map(({points}) => ({
    x: x.apply(median(points.map((point) => point.x))) as number,
    y: y.apply(median(points.map((point) => point.y))) as number,
  }));
  const keySize = size;
  const boxes: LabelBox[] = shown.map(({name}, i) => ({
    ...middles[i]!,
    width: textWidth(name, size) + keySize + 8,
    height: 1.3 * size,
  }));
  const places = placeLabels(boxes, {left: 2, right: frame.width - 2, top: 2, bottom: height - 2});
  const all = element(frame.document, "g", {"aria-label": "behaviours", "text-anchor": "start"});
  shown.forEach(({name, color, symbol}, i) => {
    const [place, box, middle] = [places[i]!, boxes[i]!, middles[i]!];
    if (Math.hypot(place.x - middle.x, place.y - middle.y) > 1.2 * size) {
      const [x1, y1] = [Math.round(middle.x), Math.round(middle.y)];
      const [x2, y2] = [Math.round(place.x), Math.round(place.y)];
      all.append(
        element(frame.document, "line", {x1, y1, x2, y2, stroke: "currentColor", "stroke-width": 1}),
        element(frame.document, "circle", {cx: x1, cy: y1, r: 2.5, fill: "currentColor"}),
      );
    }
    const left = Math.round(place.x - box.width / 2);
    const backdrop = {
      x: left,
      y: Math.round(place.y - box.height / 2),
      width: Math.round(box.width),
      height: Math.round(box.height),
    };
    all.append(
      element(frame.document, "rect", {...backdrop, rx: 3, fill: frame.colors.background, "fill-opacity": 0.85}),
      element(frame.document, "path", {
        d: `M${left + 3 + keySize / 2},${Math.round(place.y)}${outlines[symbol](4)}`,
        fill: color,
      }),
      element(frame.document, "text", {...nameStyle, x: left + keySize + 5, y: Math.round(place.y)}, name),
    );
  });
  chart.append(all);
}

/** For maps that share one legend. */
export function behaviorLegend(behaviors: readonly string[]): LegendEntry[] {
  return behaviors.map((label, i) => {
    const {color, symbol} = category(i);
    return {label, color, outline: outlines[symbol](4)};
  });
}

/** 9. The prompts in the space of an encoder, as UMAP lays it out. */
export function encoderMap(data: EncoderMapData, frame: Frame): Chart {
  const {colorBy} = data;
  const points = data.points.filter(({x, y}) => isNumber(x) && isNumber(y));
  const colors = layerColors(points);
  const marginTop = colorBy === "layer" ? colorBarHeight(frame) + 8 : (data.marginTop ?? 8);
  const height = frame.height ?? marginTop + Math.round(Math.min(560, frame.width * 0.75));
  const behaviors = behaviorsOf(data);
  const chart = draw(
    frame,
    `${points.length} prompts in the encoder's space, laid out by UMAP, ` +
      (colorBy === "behavior" ? `by ${behaviors.length} behaviours.` : "coloured by their best layer."),
    {
      height,
      marginTop,
      marginLeft: 8,
      marginRight: 8,
      marginBottom: 8,
      // The axes of UMAP mean nothing.
      x: {axis: null, domain: domainOf(points.map(({x}) => x)), inset: 10},
      y: {axis: null, domain: domainOf(points.map(({y}) => y)), inset: 10},
      marks: [Plot.frame({strokeOpacity: 0.25})],
    },
  );
  if (colorBy === "behavior") {
    const groups = byBehavior(data, points);
    addPoints(chart, groups, frame, false);
    if (data.hasNames !== false) addNames(chart, groups, frame, height);
  } else {
    addPoints(chart, byLayer(points, colors), frame, true);
    addColorBar(chart, {colors, label: "best layer", format: (layer) => short(Math.round(layer))}, frame, 0);
  }
  return chart;
}

export function encoderMapTable({points}: EncoderMapData): Table {
  return {
    columns: ["behavior", "best layer", "UMAP 1", "UMAP 2"],
    rows: points.map(({behavior, layer, x, y}) => [behavior, numberOrNull(layer), numberOrNull(x), numberOrNull(y)]),
  };
}

/** 9. How well each encoder tells behaviours apart. */
export function silhouettes({rows, marginTop = 8}: SilhouetteData, frame: Frame): Chart {
  const {colors} = frame;
  const shown = rows.filter((row) => isNumber(row.silhouette));
  const best = Math.max(...shown.map(({silhouette}) => silhouette!));
  const names = rows.map(({encoder}) => encoder);
  const room = nameRoom(names, frame);
  const [low, high] = domainOf(
    shown.map(({silhouette}) => silhouette),
    true,
  );
  const beyond = (high - low) * 0.12; // for the numbers
  const marginBottom = Math.round(3.5 * fontSize(frame));
  const top = shown.find(({silhouette}) => silhouette === best);
  const text = ({silhouette}: {silhouette: number | null}): string => short(silhouette!);
  const halo = {stroke: colors.background, strokeWidth: 3, fill: "currentColor"};
  return draw(
    frame,
    "Silhouette score of each encoder's space by behaviour" +
      (top ? `: highest for ${top.encoder}, ${short(best)}.` : "."),
    {
      height: frame.height ?? marginTop + marginBottom + Math.max(1, names.length) * 24,
      marginTop,
      marginLeft: room,
      marginRight: 16,
      marginBottom,
      x: {
        ...horizontalAxis(
          [low < 0 ? low - beyond : 0, high > 0 ? high + beyond : 0],
          "silhouette score",
          frame.width - room,
          frame,
        ),
        nice: false,
      },
      y: nameAxis(names, room, frame, 0.25),
      marks: [
        named(
          "silhouettes",
          Plot.barX(shown, {
            x: "silhouette",
            y: "encoder",
            fill: ({silhouette}: {silhouette: number}) => (silhouette === best ? colors.w2s : colors.random),
          }),
        ),
        Plot.ruleX([0], {strokeOpacity: 0.8}),
        Plot.text(
          shown.filter(({silhouette}) => silhouette! >= 0),
          {x: "silhouette", y: "encoder", text, dx: 4, textAnchor: "start", ...halo},
        ),
        Plot.text(
          shown.filter(({silhouette}) => silhouette! < 0),
          {x: "silhouette", y: "encoder", text, dx: -4, textAnchor: "end", ...halo},
        ),
      ],
      color: {type: "identity"},
    },
  );
}

export function silhouettesTable({rows}: SilhouetteData): Table {
  return {
    columns: ["encoder", "silhouette"],
    rows: rows.map(({encoder, silhouette}) => [encoder, numberOrNull(silhouette)]),
  };
}
