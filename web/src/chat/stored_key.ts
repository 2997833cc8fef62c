// The key lasts as long as the tab, and no other tab sees it.

const name = "w2s-api-key";

export function storedKey(): string {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

export function storeKey(key: string): void {
  try {
    sessionStorage.setItem(name, key);
  } catch {
    // Then it lasts as long as the page.
  }
}
