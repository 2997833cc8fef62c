// A figure: title, how to read it, chart or table, downloads.
import type {ComponentChildren} from "preact";
import {useCallback, useId, useMemo, useRef, useState} from "preact/hooks";
import {type Chart, type Frame, standaloneSvg, type Table, toCsv} from "../charts/index.js";
import {ChartView, type Exploration} from "./chart_view.js";
import {DataTable} from "./data_table.js";
import {fileName, save} from "./download.js";

interface FigureProps<Data, Place> {
  /** For links, tests and file names. */
  name: string;
  title: string;
  /** One line: how to read it. */
  help: ComponentChildren;
  /** It is drawn again where this is another object. */
  data: Data;
  draw: (data: Data, frame: Frame) => Chart;
  table: (data: Data) => Table;
  explore?: Exploration<Place> | undefined;
  /** Of what it is, for names of files: the behaviour, the method. */
  subject: readonly string[];
  controls?: ComponentChildren;
}

export function Figure<Data, Place>(props: FigureProps<Data, Place>) {
  const {name, title, help, data, draw, table, explore, subject, controls} = props;
  const [asTable, setAsTable] = useState(false);
  const chart = useRef<Chart | null>(null);
  const id = useId();
  const rows = useMemo(() => (asTable ? table(data) : null), [asTable, table, data]);
  const drawIn = useCallback((frame: Frame) => draw(data, frame), [draw, data]);

  const saveSvg = (): void => {
    if (!chart.current) return;
    const svg = standaloneSvg(chart.current, [title, ...subject].join(", "));
    save(`${fileName(name, ...subject)}.svg`, "image/svg+xml", svg);
  };
  const saveCsv = (): void => save(`${fileName(name, ...subject)}.csv`, "text/csv;charset=utf-8", toCsv(table(data)));

  return (
    <figure class="figure" data-figure={name} aria-labelledby={`${id}-title`}>
      <figcaption>
        <div class="figure-head">
          <h3 id={`${id}-title`}>{title}</h3>
          <div class="figure-tools">
            <button type="button" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              Table
            </button>
            <button type="button" onClick={saveSvg} aria-label={`Download ${title} as SVG`}>
              SVG
            </button>
            <button type="button" onClick={saveCsv} aria-label={`Download ${title} as CSV`}>
              CSV
            </button>
          </div>
        </div>
        <p class="figure-help">{help}</p>
      </figcaption>
      {controls && <div class="figure-controls">{controls}</div>}
      <div hidden={asTable}>
        <ChartView draw={drawIn} label={title} explore={explore} onDrawn={(drawn) => (chart.current = drawn)} />
      </div>
      {rows && <DataTable table={rows} caption={title} />}
    </figure>
  );
}

/** In place of a figure whose data the results folder lacks. */
export function MissingFigure({name, title, children}: {name: string; title: string; children: ComponentChildren}) {
  return (
    <figure class="figure missing" data-figure={name}>
      <figcaption>
        <h3>{title}</h3>
        <p class="figure-help">{children}</p>
      </figcaption>
    </figure>
  );
}
