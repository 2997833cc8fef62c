// A chart in the page: drawn to the width that it has, and explored with the pointer or the arrow keys.
import {useCallback, useEffect, useLayoutEffect, useRef, useState} from "preact/hooks";
import type {Chart, Frame} from "../charts/index.js";
import {palette} from "../charts/index.js";
import {announce} from "../common/announce.js";
import {enqueueDrawing} from "./draw_queue.js";
import {visible} from "../common/visible_text.js";

/** What one finds in a chart, for instance a sample at a layer. */
export interface Exploration<Place> {
  at: (chart: Chart, x: number, y: number) => Place | null;
  /** Where an arrow key, Home or End leads; from null at the first key. */
  move: (from: Place | null, key: string) => Place;
  same: (a: Place, b: Place) => boolean;
  describe: (place: Place) => string;
  /** Shows it in the chart; in the chart's own units. */
  mark: (chart: Chart, place: Place) => {element: SVGElement; x: number; y: number};
  open?: ((place: Place) => void) | undefined;
}

interface ChartViewProps<Place> {
  draw: (frame: Frame) => Chart;
  label: string;
  explore?: Exploration<Place> | undefined;
  /** Gives the chart away, for downloads. */
  onDrawn?: (chart: Chart) => void;
}

const moves = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

export function ChartView<Place>({draw, label, explore, onDrawn}: ChartViewProps<Place>) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const width = useWidth(box);
  const [place, setPlace] = useState<Place | null>(null);

  useEffect(() => {
    if (width === 0 || !canvas.current) return;
    return enqueueDrawing(canvas.current, () => {
      const drawn = draw({document, width, colors: {...palette, background: "var(--surface)"}});
      chart.current = drawn;
      setPlace(null);
      canvas.current?.replaceChildren(drawn);
      onDrawn?.(drawn);
    });
  }, [draw, width]);

  const show = useCallback(
    (next: Place | null) => setPlace((last) => (last && next && explore?.same(last, next) ? last : next)),
    [explore],
  );

  const onPointerMove = (event: PointerEvent): void => {
    if (explore && chart.current) show(explore.at(chart.current, ...pointIn(chart.current, event)));
  };
  const onClick = (event: MouseEvent): void => {
    if (!explore?.open || !chart.current) return;
    const found = explore.at(chart.current, ...pointIn(chart.current, event));
    if (found) explore.open(found);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!explore) return;
    if (moves.has(event.key)) {
      event.preventDefault();
      const next = explore.move(place, event.key);
      show(next);
      announce(visible(explore.describe(next)));
    } else if (event.key === "Escape") show(null);
    else if (event.key === "Enter" && place) explore.open?.(place);
  };

  return (
    <div class="chart-view" ref={box}>
      <div
        class={explore ? "chart-canvas explored" : "chart-canvas"}
        ref={canvas}
        {...(explore && {
          tabIndex: 0,
          role: "group",
          "aria-label": `${label}. Arrow keys explore it${explore.open ? ", Enter opens the sample" : ""}.`,
          onPointerMove,
          onPointerLeave: () => show(null),
          onClick,
          onKeyDown,
          onBlur: () => show(null),
        })}
      />
      {explore && place && chart.current && <Marked chart={chart.current} explore={explore} place={place} />}
    </div>
  );
}

/** The mark in the chart, and the text beside it. */
function Marked<Place>({chart, explore, place}: {chart: Chart; explore: Exploration<Place>; place: Place}) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const {element, x, y} = explore.mark(chart, place);
    element.classList.add("chart-mark");
    chart.append(element);
    placeBeside(tip.current!, chart, x, y);
    return () => element.remove();
  }, [chart, explore, place]);
  return (
    <div class="chart-tip" ref={tip}>
      <bdi>{visible(explore.describe(place))}</bdi>
    </div>
  );
}

function placeBeside(tip: HTMLElement, chart: SVGSVGElement, x: number, y: number): void {
  const box = tip.parentElement!.getBoundingClientRect();
  const point = new DOMPoint(x, y).matrixTransform(chart.getScreenCTM()!);
  const left = point.x - box.left + 14;
  const overflows = left + tip.offsetWidth > box.width;
  tip.style.left = `${Math.max(0, overflows ? left - tip.offsetWidth - 28 : left)}px`;
  tip.style.top = `${Math.max(0, point.y - box.top - tip.offsetHeight - 10)}px`;
}

/** The pointer in the chart's own units. */
function pointIn(chart: SVGSVGElement, event: MouseEvent): [number, number] {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM()!.inverse());
  return [point.x, point.y];
}

function useWidth(box: {current: HTMLElement | null}): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current!;
    setWidth(Math.floor(element.clientWidth));
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
