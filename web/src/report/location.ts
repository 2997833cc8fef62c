// What is being looked at, kept in the URL's hash, so that a link leads to the same view.
import {useEffect, useRef, useState} from "preact/hooks";

export interface View {
  behavior: string;
  method: string;
  policy: string;
  /** Key of the sample that is open (see sampleKey); "" if none is. */
  sample: string;
}

const keys = ["behavior", "method", "policy", "sample"] as const;

export function parseHash(hash: string): Partial<View> {
  const view: Partial<View> = {};
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  for (const key of keys) {
    const value = parameters.get(key);
    if (value !== null) view[key] = value;
  }
  return view;
}

export function hashOf(view: Partial<View>): string {
  const parameters = new URLSearchParams();
  for (const key of keys) if (view[key]) parameters.set(key, view[key]);
  return `#${parameters}`;
}

/** Anchors such as #answer are hashes too, and change nothing of the view. */
const isView = (hash: string): boolean => hash.includes("=");

export function useView(normalise: (view: Partial<View>) => View): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => normalise(parseHash(location.hash)));
  // What was rendered earlier may still change the view that holds now.
  const latest = useRef(view);
  latest.current = view;

  useEffect(() => {
    const follow = (): void => {
      if (isView(location.hash)) setView(normalise(parseHash(location.hash)));
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [normalise]);

  const change = (changes: Partial<View>): void => {
    const next = normalise({...latest.current, ...changes});
    const sampleOpened = next.sample !== "" && next.sample !== latest.current.sample;
    setView(next);
    history[sampleOpened ? "pushState" : "replaceState"](null, "", hashOf(next));
  };
  return [view, change];
}
