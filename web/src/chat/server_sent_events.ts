// The data of server-sent events, from bytes that were cut anywhere (HTML standard, 9.2.6). Names, ids and times to
// reconnect are left out: the API has none.

export class EventReader {
  private readonly decoder = new TextDecoder();
  private rest = "";
  private data: string[] = [];

  /** The events that these bytes complete. An event that no blank line ends is lost, as the standard says. */
  push(bytes: Uint8Array): string[] {
    this.rest += this.decoder.decode(bytes, {stream: true});
    const events: string[] = [];
    for (let line = this.takeLine(); line !== null; line = this.takeLine()) {
      const event = this.take(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  private takeLine(): string | null {
    const end = /\r\n|\n|\r/.exec(this.rest);
    // A carriage return at the end may be half of a line's end.
    if (!end || (end[0] === "\r" && end.index === this.rest.length - 1)) return null;
    const line = this.rest.slice(0, end.index);
    this.rest = this.rest.slice(end.index + end[0].length);
    return line;
  }

  private take(line: string): string | null {
    if (line === "") {
      if (this.data.length === 0) return null;
      const event = this.data.join("\n");
      this.data = [];
      return event;
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/su.exec(line)!;
    if (field === "data") this.data.push(value ?? "");
    return null;
  }
}
