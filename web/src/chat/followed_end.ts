import type {RefObject} from "preact";
import {useCallback, useEffect, useLayoutEffect, useRef} from "preact/hooks";

// As near as this to its end, one is reading there.
const near = 60;

/** Keeps the end of a place that scrolls in view while it grows, unless one has scrolled away from it. */
export function useFollowedEnd(content: unknown): {place: RefObject<HTMLDivElement | null>; follow(): void} {
  const place = useRef<HTMLDivElement>(null);
  const isFollowed = useRef(true);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const note = (): void => {
      isFollowed.current = element.scrollHeight - element.scrollTop - element.clientHeight < near;
    };
    element.addEventListener("scroll", note, {passive: true});
    return () => element.removeEventListener("scroll", note);
  }, []);

  useLayoutEffect(() => {
    const element = place.current;
    if (element && isFollowed.current) element.scrollTop = element.scrollHeight;
  }, [content]);

  const follow = useCallback(() => {
    isFollowed.current = true;
  }, []);
  return {place, follow};
}
