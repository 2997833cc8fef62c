import {useTheme} from "./theme.js";

/** Changes between light and dark. */
export function ThemeButton() {
  const [theme, setTheme] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button type="button" class="theme-button" onClick={() => setTheme(other)} aria-label={`Use ${other} colours`}>
      {other === "dark" ? "Dark" : "Light"}
    </button>
  );
}
