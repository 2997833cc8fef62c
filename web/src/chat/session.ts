// Asks the server for a conversation's answers: at most one request of each side is under way.
import type {Api} from "./api.js";
import type {ChatRequest} from "./contract.js";
import {type Answer, begin, ended, isUnderWay, messagesOf, type Side, type Turn, withChunk} from "./conversation.js";
import {RequestError} from "./request_error.js";
import {requestFor, type Settings} from "./settings.js";

export interface SessionEvents {
  changed(turns: readonly Turn[]): void;
  /** Every answer to a question has ended. */
  finished(turn: Turn): void;
  keyRefused(): void;
}

const sides: readonly Side[] = ["steered", "unsteered"];

export class Session {
  private turns: readonly Turn[] = [];
  private readonly running = new Map<Side, AbortController>();
  private nextId = 1;

  constructor(
    private readonly api: () => Pick<Api, "stream">,
    private readonly events: SessionEvents,
  ) {}

  ask(question: string, settings: Settings): void {
    this.stop();
    this.turns = [...this.turns, {id: this.nextId++, question, answers: {}}];
    this.askSides(settings, () => true);
  }

  /** The last question once more, of both sides. */
  askAgain(settings: Settings): void {
    this.askSides(settings, () => true);
  }

  /** Only of the sides that would now be asked something else, or have not answered. */
  askChanged(settings: Settings): void {
    this.askSides(settings, (answer, request) => {
      if (!answer || answer.state === "failed" || answer.state === "stopped") return true;
      return JSON.stringify(answer.request) !== JSON.stringify(request);
    });
  }

  stop(): void {
    for (const side of sides) this.abort(side);
  }

  clear(): void {
    this.stop();
    this.turns = [];
    this.events.changed(this.turns);
  }

  private abort(side: Side): void {
    const running = this.running.get(side);
    if (!running) return;
    this.running.delete(side);
    running.abort();
    const turn = this.turns.at(-1)!;
    const answer = turn.answers[side];
    if (answer && isUnderWay(answer)) this.put(turn.id, side, ended(answer, "stopped"));
  }

  private askSides(settings: Settings, wants: (answer: Answer | undefined, request: ChatRequest) => boolean): void {
    const turn = this.turns.at(-1);
    if (!turn) return;
    for (const side of sides) {
      if (side === "unsteered" && !settings.compare) {
        this.abort(side);
        continue;
      }
      const messages = messagesOf(this.turns.slice(0, -1), side, settings.sampling.system, turn.question);
      const request = requestFor(settings, messages, side === "steered");
      const before = turn.answers[side];
      if (wants(before, request)) void this.generate(turn.id, side, begin(request, before));
    }
  }

  private async generate(id: number, side: Side, first: Answer): Promise<void> {
    this.running.get(side)?.abort();
    const own = new AbortController();
    this.running.set(side, own);
    const isCurrent = (): boolean => this.running.get(side) === own;
    let answer = first;
    this.put(id, side, answer);
    try {
      for await (const chunk of this.api().stream(first.request, own.signal)) {
        if (!isCurrent()) return;
        answer = withChunk(answer, chunk);
        this.put(id, side, answer);
      }
      answer = ended(answer, "finished");
    } catch (error) {
      answer = ended(answer, "failed", error instanceof Error ? error.message : String(error));
      if (isCurrent() && error instanceof RequestError && error.asksForKey) this.events.keyRefused();
    }
    if (!isCurrent()) return;
    this.running.delete(side);
    this.put(id, side, answer);
    if (this.running.size === 0) this.events.finished(this.turns.at(-1)!);
  }

  private put(id: number, side: Side, answer: Answer): void {
    this.turns = this.turns.map((turn) =>
      turn.id === id ? {...turn, answers: {...turn.answers, [side]: answer}} : turn,
    );
    this.events.changed(this.turns);
  }
}
