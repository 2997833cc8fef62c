// Text from data is shown exactly, and nothing in it may act on the page: characters that one can't see, or that
// reorder what stands around them, are shown as symbols.

const symbolOfControl = (code: number): string => {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
};

// Control characters but tab and line feed, line and paragraph separators, invisible spaces, marks and overrides of the
// writing direction, and halves of surrogate pairs. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
const unseen =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with symbols for what can't be seen; line feeds and tabs are kept. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => symbolOfControl(character.charCodeAt(0)));
}

/** In one line, for lists and tables: at most `length` characters. */
export function visibleLine(text: string, length = 160): string {
  const cut = text.length > length;
  // Half of a surrogate pair at the cut would become a symbol.
  const end = cut && /[\ud800-\udbff]/.test(text[length - 1]!) ? length - 1 : length;
  const line = visible(text.slice(0, end)).replaceAll("\n", "\u21b5").replaceAll("\t", "\u21e5");
  return cut ? `${line}\u2026` : line;
}

/** A token, or another short piece, of which spaces at the ends matter. */
export function visibleToken(text: string): string {
  const shown = visibleLine(text, 60);
  return shown.replace(/^ +| +$/g, (spaces) => "\u2423".repeat(spaces.length));
}
