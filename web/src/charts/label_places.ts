// Places for labels that would cover each other.

export interface LabelBox {
  /** Where the label would be best: its middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Bounds {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function clampedInto(value: number, low: number, high: number): number {
  return low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value));
}

const rounds = 300;

/** Middles of the labels, moved apart and into the bounds as little as a simple relaxation does it. */
export function placeLabels(boxes: readonly LabelBox[], bounds: Bounds): {x: number; y: number}[] {
  const places = boxes.map(({x, y}) => ({x, y}));
  for (let i = 0; i < rounds; ++i) {
    let moved = false;
    for (let a = 0; a < boxes.length; ++a) {
      for (let b = a + 1; b < boxes.length; ++b) moved = separate(boxes, places, a, b) || moved;
    }
    places.forEach((place, at) => {
      const {width, height} = boxes[at]!;
      place.x = clampedInto(place.x, bounds.left + width / 2, bounds.right - width / 2);
      place.y = clampedInto(place.y, bounds.top + height / 2, bounds.bottom - height / 2);
    });
    if (!moved) break;
  }
  return places;
}

function separate(boxes: readonly LabelBox[], places: {x: number; y: number}[], a: number, b: number): boolean {
  const [first, second] = [places[a]!, places[b]!];
  const overX = (boxes[a]!.width + boxes[b]!.width) / 2 - Math.abs(first.x - second.x);
  const overY = (boxes[a]!.height + boxes[b]!.height) / 2 - Math.abs(first.y - second.y);
  if (overX <= 0 || overY <= 0) return false;
  // Labels are wide and low: mostly it is nearer to go up and down.
  if (overY <= overX) {
    const step = overY / 2 + 0.1;
    const up = first.y < second.y || (first.y === second.y && a < b) ? 1 : -1;
    first.y -= up * step;
    second.y += up * step;
  } else {
    const step = overX / 2 + 0.1;
    const left = first.x < second.x ? 1 : -1;
    first.x -= left * step;
    second.x += left * step;
  }
  return true;
}
