// Files made in the page, without any server.

export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name for a file of what is shown: letters, digits and dashes only, because names come from data. */
export function fileName(...parts: string[]): string {
  return parts
    .map((part) => part.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, ""))
    .filter((part) => part !== "")
    .join("_")
    .slice(0, 120);
}
