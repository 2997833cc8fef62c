import {useState} from "preact/hooks";

type Theme = "light" | "dark";

const key = "w2s-theme";

// Storage may be closed to pages that are opened from disk; then the choice lasts as long as the page.
function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Nothing is lost but the memory of it.
  }
}

/** The system's theme until another is chosen. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const remembered = stored();
    if (remembered === "light" || remembered === "dark") {
      document.documentElement.dataset["theme"] = remembered;
      return remembered;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  });
  const choose = (next: Theme): void => {
    document.documentElement.dataset["theme"] = next;
    store(next);
    setTheme(next);
  };
  return [theme, choose];
}
