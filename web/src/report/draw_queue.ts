// Charts are drawn one after the other between the browser's frames, those in sight first, so that a page with many of
// them stays responsive and shows its first screen at once.

interface Drawing {
  element: Element;
  draw: () => void;
}

let waiting: Drawing[] = [];
let scheduled = false;

/** Draws when its turn comes; the answer takes it back. */
export function enqueueDrawing(element: Element, draw: () => void): () => void {
  const drawing = {element, draw};
  waiting.push(drawing);
  schedule();
  return () => {
    waiting = waiting.filter((each) => each !== drawing);
  };
}

/** For printing, which waits for nobody. */
export function drawAllNow(): void {
  while (waiting.length > 0) waiting.shift()!.draw();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    const visible = waiting.findIndex(({element}) => {
      const {top, bottom} = element.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    const [next] = waiting.splice(Math.max(visible, 0), 1);
    try {
      next?.draw();
    } finally {
      if (waiting.length > 0) schedule();
    }
  });
}
