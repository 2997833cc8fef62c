import type {Table} from "../charts/index.js";
import {columnFormat, count, percent} from "../common/format.js";
import {visibleLine} from "../common/visible_text.js";

/** More rows are in the CSV file; thousands of them in the page would only make it slow. */
const mostRows = 200;

export function DataTable({table, caption}: {table: Table; caption: string}) {
  const rows = table.rows.slice(0, mostRows);
  const columns = columnsOf({...table, rows});
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={`Table: ${caption}`}>
      <table class="data-table">
        <thead>
          <tr>
            {columns.map(({name, alignment}) => (
              <th scope="col" key={name} class={alignment}>
                <bdi>{visibleLine(name)}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map(({alignment, text}, j) => (
                <td key={j} class={alignment}>
                  <bdi>{text(row[j] ?? null)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > rows.length && (
        <p class="note">
          The first {count(rows.length)} of {count(table.rows.length)} rows; the CSV file has all of them.
        </p>
      )}
    </div>
  );
}

type Value = Table["rows"][number][number];

interface Column {
  name: string;
  alignment: "numeric" | undefined;
  text: (value: Value) => string;
}

function columnsOf({columns, rows, shares}: Table): Column[] {
  return columns.map((name, i): Column => {
    const values = rows.map((row) => row[i] ?? null);
    const numbers = values.filter((value) => typeof value === "number");
    const format = shares?.includes(name) ? (value: number) => percent(value) : columnFormat(numbers);
    const text = (value: Value): string => {
      if (typeof value === "number") return format(value);
      return value === null ? "\u2013" : visibleLine(value);
    };
    return {name, alignment: values.some((value) => typeof value === "string") ? undefined : "numeric", text};
  });
}
