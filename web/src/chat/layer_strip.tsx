import {useId, useState} from "preact/hooks";
import {number, percent} from "../common/format.js";
import {visibleLine} from "../common/visible_text.js";
import {captionOf, type Cell, describeCell, scaleText, type Strip} from "./strip.js";

interface LayerStripProps {
  strip: Strip;
  /** As it was asked for. */
  scale: number;
}

export function LayerStrip({strip, scale}: LayerStripProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const id = useId();
  const {cells, byPredictor} = strip;
  const shown = pointed === null ? undefined : cells[pointed];
  const move = (event: KeyboardEvent): void => {
    const next = moved(event.key, pointed ?? strip.applied[0]?.layer ?? 0, cells.length);
    if (next === null) return;
    event.preventDefault();
    setPointed(next);
  };
  return (
    <figure class={`strip${byPredictor ? " predicted" : ""}`} data-vector={strip.name}>
      <figcaption>
        <bdi>{visibleLine(strip.name, 40)}</bdi> <span class="quiet">× {scaleText(scale)}</span>
        <span class="strip-where">{captionOf(strip)}</span>
      </figcaption>
      <div
        class="cells"
        role="listbox"
        aria-label={`Layers of ${visibleLine(strip.name, 40)}: ${captionOf(strip)}`}
        aria-orientation="horizontal"
        aria-multiselectable="true"
        aria-activedescendant={shown ? `${id}-${shown.layer}` : undefined}
        tabIndex={0}
        style={`--cells: ${cells.length}`}
        onKeyDown={move}
        onFocus={() => setPointed(pointed ?? strip.applied[0]?.layer ?? 0)}
        onBlur={() => setPointed(null)}
        onPointerLeave={() => setPointed(null)}
      >
        {cells.map((cell) => (
          <CellView
            key={cell.layer}
            id={`${id}-${cell.layer}`}
            cell={cell}
            isPointed={cell === shown}
            onPoint={() => setPointed(cell.layer)}
          />
        ))}
      </div>
      <div class="strip-foot">
        <span class="strip-legend" aria-hidden="true">
          {shown ? describeCell(shown) : <Legend strip={strip} />}
        </span>
        <StripTable strip={strip} />
      </div>
    </figure>
  );
}

function Legend({strip: {cells, byPredictor}}: {strip: Strip}) {
  return (
    <>
      <span class="mark applied">steered</span>
      {cells.some(({isFixed}) => isFixed) && <span class="mark fixed">best fixed</span>}
      {byPredictor && <span class="shading">bluer: likelier</span>}
    </>
  );
}

interface CellViewProps {
  id: string;
  cell: Cell;
  isPointed: boolean;
  onPoint: () => void;
}

function CellView({id, cell, isPointed, onPoint}: CellViewProps) {
  const classes = ["cell", cell.scale !== null && "applied", cell.isFixed && "fixed", isPointed && "pointed"];
  return (
    <span
      id={id}
      class={classes.filter(Boolean).join(" ")}
      role="option"
      aria-selected={cell.scale !== null}
      aria-label={describeCell(cell)}
      style={`--shade: ${percent(cell.shade, 0)}`}
      onPointerEnter={onPoint}
    />
  );
}

/** Where a key leads to; null for keys that lead nowhere. */
function moved(key: string, from: number, cells: number): number | null {
  if (key === "ArrowRight") return Math.min(cells - 1, from + 1);
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key === "Home") return 0;
  return key === "End" ? cells - 1 : null;
}

function StripTable({strip}: {strip: Strip}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="strip-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Table</summary>
      {isOpen && (
        <table>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Probability</th>
              <th scope="col">Scale</th>
            </tr>
          </thead>
          <tbody>
            {strip.cells.map(({layer, probability, scale}) => (
              <tr key={layer} class={scale === null ? "" : "applied"}>
                <th scope="row">{layer}</th>
                <td>{percent(probability)}</td>
                <td>{number(scale, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
