// One sample: how it responds at each layer, and what the predictor makes of it.
import * as Plot from "@observablehq/plot";

import {symbols} from "./color.js";
import {
  axisTitle,
  centered,
  countTicks,
  domainOf,
  draw,
  isNumber,
  layerAxis,
  margins,
  named,
  numberOrNull,
  short,
  valueAxis,
} from "./frame.js";
import {addLegend, legendHeight, type LegendEntry} from "./legend.js";
import type {Chart, Frame, ProbabilityData, PropensityData, Table} from "./types.js";

interface Role {
  name: "best" | "predicted" | "fixed";
  layer: number;
  color: string;
  symbol: Plot.SymbolType;
  strokeWidth: number;
  dash?: string;
}

/** From the widest line to the thinnest, so that all are seen where a layer has several roles. */
function rolesOf(
  {fixedLayer, predictedLayer, bestLayer}: {fixedLayer: number; predictedLayer: number | null; bestLayer: number},
  {colors}: Frame,
): Role[] {
  return [
    {name: "best", layer: bestLayer, color: colors.optimum, symbol: symbols.optimum, strokeWidth: 5.5},
    ...(predictedLayer === null
      ? []
      : [
          {name: "predicted", layer: predictedLayer, color: colors.w2s, symbol: symbols.w2s, strokeWidth: 2.8} as const,
        ]),
    {name: "fixed", layer: fixedLayer, color: colors.fixed, symbol: symbols.fixed, strokeWidth: 2, dash: "5 3"},
  ];
}

function roleLabel({name, layer}: Role): string {
  return `${name} layer ${layer}`;
}

interface PropensityPoint {
  layer: number;
  multiplier: number;
  propensity: number;
}

/** 12. Propensity over the multiplier at each layer, for one sample. */
export function propensityLines(data: PropensityData, frame: Frame): Chart {
  const {layers, multipliers, values} = data;
  const points: PropensityPoint[] = layers.flatMap((layer, i) =>
    multipliers.map((multiplier, j) => ({layer, multiplier, propensity: values[i * multipliers.length + j] ?? NaN})),
  );
  const roles = rolesOf(data, frame);
  const entries: LegendEntry[] = [
    ...roles.map((role) => ({
      label: roleLabel(role),
      color: role.color,
      line: true,
      symbol: role.symbol,
      strokeWidth: role.strokeWidth,
      ...(role.dash ? {dash: role.dash} : {}),
    })),
    {label: "other layers", color: "currentColor", line: true, strokeWidth: 0.8},
  ];
  const line = {x: "multiplier", y: "propensity"};
  const chart = draw(
    frame,
    `Propensity of one sample over the multiplier at ${layers.length} layers: ${roles.map(roleLabel).join(", ")}.`,
    {
      height: frame.height ?? Math.round(Math.min(380, 150 + frame.width * 0.42)),
      marginTop: legendHeight(entries, frame) + 26,
      ...margins,
      x: {
        domain: domainOf(multipliers),
        label: "multiplier λ",
        ...centered,
        ticks: countTicks(frame.width - margins.marginLeft, frame),
        tickFormat: short,
      },
      y: valueAxis(domainOf(points.map(({propensity}) => propensity))),
      marks: [
        axisTitle("propensity (difference of logits)", margins.marginLeft),
        Plot.ruleX([0], {strokeOpacity: 0.25}),
        named("all layers", Plot.lineY(points, {...line, z: "layer", strokeWidth: 0.8, strokeOpacity: 0.4})),
        ...roles.flatMap(({name, layer, color, symbol, strokeWidth, dash}) => {
          const own = points.filter((point) => point.layer === layer);
          return [
            named(`${name} layer`, Plot.lineY(own, {...line, stroke: color, strokeWidth, strokeDasharray: dash})),
            named(`${name} points`, Plot.dot(own, {...line, fill: color, symbol, r: 2 + strokeWidth / 2})),
          ];
        }),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function propensityLinesTable({layers, multipliers, values}: PropensityData): Table {
  return {
    columns: ["layer", ...multipliers.map((multiplier) => `multiplier ${multiplier}`)],
    rows: layers.map((layer, i) => [
      layer,
      ...multipliers.map((_, j) => numberOrNull(values[i * multipliers.length + j])),
    ]),
  };
}

/** 12. The predictor's probabilities by layer, for one sample. */
export function layerProbabilities(data: ProbabilityData, frame: Frame): Chart {
  const {layers, probabilities, sweptLayers} = data;
  const bars = layers.map((layer, i) => ({layer, probability: probabilities[i] ?? NaN}));
  const roles = rolesOf(data, frame);
  const entries: LegendEntry[] = [
    {label: "probability", color: "currentColor", swatch: 0.35},
    ...roles.map((role) => ({label: roleLabel(role), color: role.color, symbol: role.symbol})),
  ];
  const markRow = 13;
  const marginTop = legendHeight(entries, frame) + 26 + roles.length * markRow;
  const most = bars.reduce((top, {probability}) => (isNumber(probability) ? Math.max(top, probability) : top), 0);
  const chart = draw(
    frame,
    `The predictor's probabilities of ${layers.length} layers for one sample: ${roles.map(roleLabel).join(", ")}.`,
    {
      height: frame.height ?? marginTop + margins.marginBottom + 110,
      marginTop,
      ...margins,
      x: {
        ...layerAxis(sweptLayers, frame.width - margins.marginLeft - margins.marginRight, frame),
        type: "band",
        domain: sweptLayers,
        padding: 0.12,
      },
      y: {...valueAxis([0, most > 0 ? most : 1]), ticks: 4},
      marks: [
        axisTitle("probability of the layer", margins.marginLeft, 9 + roles.length * markRow),
        named(
          "probabilities",
          Plot.barY(bars, {
            x: "layer",
            y: "probability",
            fill: "currentColor",
            fillOpacity: 0.35,
          }),
        ),
        Plot.ruleY([0]),
        ...roles
          .filter(({layer}) => sweptLayers.includes(layer))
          .map(({name, layer, color, symbol}, i) =>
            named(
              `${name} layer`,
              Plot.dot([layer], {
                x: (at: number) => at,
                frameAnchor: "top",
                dy: -(i + 0.6) * markRow,
                symbol,
                fill: color,
                r: 4.5,
              }),
            ),
          ),
      ],
    },
  );
  addLegend(chart, entries, frame);
  return chart;
}

export function layerProbabilitiesTable({
  layers,
  probabilities,
  bestLayer,
  predictedLayer,
  fixedLayer,
}: ProbabilityData): Table {
  const roles = (layer: number): string =>
    [
      layer === bestLayer ? "best" : "",
      layer === predictedLayer ? "predicted" : "",
      layer === fixedLayer ? "fixed" : "",
    ]
      .filter((role) => role !== "")
      .join(", ");
  return {
    columns: ["layer", "probability", "role"],
    rows: layers.map((layer, i) => [layer, numberOrNull(probabilities[i]), roles(layer)]),
  };
}
