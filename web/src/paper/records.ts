// The program's tables, row by row.
import {isNumber} from "../charts/frame.js";

type Cell = string | number | null;

export interface PaperTable {
  id: string;
  title: string;
  notes: string;
  table: {columns: string[]; rows: Cell[][]};
}

/** A row by column names; columns that a table lacks are null. */
export class Row {
  // Not #names: the older language that the script is written in has them as slow look-ups.
  constructor(
    private readonly places: ReadonlyMap<string, number>,
    private readonly cells: readonly Cell[],
  ) {}

  private cell(column: string): Cell {
    const place = this.places.get(column);
    return place === undefined ? null : (this.cells[place] ?? null);
  }

  text(column: string): string {
    const cell = this.cell(column);
    return cell === null ? "" : String(cell);
  }

  number(column: string): number | null {
    const cell = this.cell(column);
    return isNumber(cell) ? cell : null;
  }
}

export function rowsOf({table}: PaperTable): Row[] {
  const places = new Map(table.columns.map((column, i) => [column, i]));
  return table.rows.map((cells) => new Row(places, cells));
}

/** The rows that have numbers in all of some columns, with these numbers. */
export function withNumbers<Columns extends string[]>(
  rows: readonly Row[],
  ...columns: Columns
): [row: Row, ...numbers: {[Place in keyof Columns]: number}][] {
  return rows.flatMap((row) => {
    const numbers = columns.map((column) => row.number(column));
    return numbers.includes(null) ? [] : [[row, ...(numbers as {[Place in keyof Columns]: number})]];
  });
}

/** Rows by their value in a column, in the order of its first row. */
export function groupedBy(rows: readonly Row[], column: string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const value = row.text(column);
    const group = groups.get(value);
    if (group) group.push(row);
    else groups.set(value, [row]);
  }
  return groups;
}

/** Values of a column in the order of their first row. */
export function distinct(rows: readonly Row[], column: string): string[] {
  return [...new Set(rows.map((row) => row.text(column)))];
}

export interface Part {
  title: string;
  rows: Row[];
}

const methodTitles: Record<string, string> = {
  caa: "CAA",
  l2s: "L2S",
  oracle: "oracle vectors",
  mean: "mean difference",
};

export function methodTitle(method: string): string {
  return methodTitles[method] ?? method;
}

/** Rows of one model and method each; titles have what tells the parts apart. */
export function byModelAndMethod(rows: readonly Row[]): Part[] {
  const models = groupedBy(rows, "model");
  return [...models].flatMap(([model, ofModel]) =>
    [...groupedBy(ofModel, "method")].map(([method, own]) => ({
      title: models.size > 1 ? `${model}, ${methodTitle(method)}` : methodTitle(method),
      rows: own,
    })),
  );
}
