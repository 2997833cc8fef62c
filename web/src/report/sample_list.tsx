// A list of any length: only the rows in sight are in the page.
import {useEffect, useRef, useState} from "preact/hooks";
import {signed} from "../common/format.js";
import type {Sweep} from "./report_data.js";
import {comparisonOf, type SampleSummary} from "./sample_filter.js";
import {visibleLine} from "../common/visible_text.js";

const rowHeights = {withText: 78, withoutText: 58};
/** Rows beyond the edges, for fast scrolling. */
const margin = 6;

interface SampleListProps {
  sweep: Sweep;
  shown: readonly SampleSummary[];
  /** Place in the sweep of the sample that is open; -1 if none is. */
  open: number;
  onOpen: (sample: number) => void;
}

export function SampleList({sweep, shown, open, onOpen}: SampleListProps) {
  const rowHeight = sweep.prompts ? rowHeights.withText : rowHeights.withoutText;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(520);
  const [active, setActive] = useState(0);
  const current = Math.min(active, shown.length - 1);

  useEffect(() => {
    const observer = new ResizeObserver(() => setHeight(box.current?.clientHeight ?? 520));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const reveal = (row: number): void => {
    const element = box.current!;
    if (row * rowHeight < element.scrollTop) element.scrollTop = row * rowHeight;
    const bottom = (row + 1) * rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  };

  useEffect(() => {
    const row = shown.findIndex(({sample}) => sample === open);
    if (row < 0) return;
    setActive(row);
    reveal(row);
  }, [open, shown]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -shown.length,
      End: shown.length,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(shown.length - 1, Math.max(0, current + step));
      setActive(next);
      reveal(next);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const row = shown[current];
      if (row) onOpen(row.sample);
    }
  };

  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const rows = shown.slice(first, Math.ceil((top + height) / rowHeight) + margin);
  return (
    <div
      class="sample-list"
      ref={box}
      role="listbox"
      tabIndex={0}
      aria-label="Samples: arrow keys move, Enter opens"
      aria-activedescendant={shown[current] ? `sample-row-${shown[current].sample}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div style={{height: `${shown.length * rowHeight}px`}}>
        {rows.map((row, i) => (
          <Row
            key={row.sample}
            row={row}
            place={first + i}
            of={shown.length}
            height={rowHeight}
            isOpen={row.sample === open}
            isActive={first + i === current}
            onOpen={onOpen}
          />
        ))}
      </div>
      {shown.length === 0 && <p class="note">No sample is like that.</p>}
    </div>
  );
}

interface RowProps {
  row: SampleSummary;
  place: number;
  of: number;
  height: number;
  isOpen: boolean;
  isActive: boolean;
  onOpen: (sample: number) => void;
}

function Row({row, place, of, height, isOpen, isActive, onOpen}: RowProps) {
  const verdict = row.gain === null ? "unknown" : comparisonOf(row.gain);
  return (
    <div
      role="option"
      id={`sample-row-${row.sample}`}
      class={`sample-row${isActive ? " active" : ""}`}
      aria-selected={isOpen}
      aria-posinset={place + 1}
      aria-setsize={of}
      style={{top: `${place * height}px`, height: `${height}px`}}
      onClick={() => onOpen(row.sample)}
    >
      <span class="sample-id">
        <bdi>{visibleLine(row.id, 60)}</bdi>
      </span>
      <span class={`sample-gain ${verdict}`}>{signed(row.gain, 2)}</span>
      {row.snippet !== "" && (
        <span class="sample-snippet">
          <bdi>{visibleLine(row.snippet, 160)}</bdi>
        </span>
      )}
      <span class="sample-layers">
        {row.part}, best {row.best}
        {row.predicted !== null && `, predicted ${row.predicted}`}
      </span>
    </div>
  );
}
