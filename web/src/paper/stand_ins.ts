// What packages make as soon as they are loaded and QuickJS lacks: to be imported before them. The charts format their
// numbers themselves, and their pictures have no texts in them, so that nothing of it is used in earnest.

class PlainNumberFormat {
  format(value: number): string {
    return String(value);
  }
}

class UnusedCoder {}

const scope = globalThis as {Intl?: object; TextEncoder?: unknown; TextDecoder?: unknown};
scope.Intl ??= {NumberFormat: PlainNumberFormat};
scope.TextEncoder ??= UnusedCoder;
scope.TextDecoder ??= UnusedCoder;
