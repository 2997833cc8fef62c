// A conversation with two sides: the same questions, answered with steering and without.
import type {ChatMessage, ChatRequest, Chunk, SteeringEcho} from "./contract.js";

export type Side = "steered" | "unsteered";

export interface Answer {
  readonly request: ChatRequest;
  /** While it waits for its first chunk, text and steering are those of the answer before it to the same question. */
  readonly state: "waiting" | "streaming" | "finished" | "stopped" | "failed";
  readonly text: string;
  readonly steering: SteeringEcho | null;
  readonly tokens: number | null;
  /** Whether it ended because it had no more tokens to spend. */
  readonly isCut: boolean;
  readonly error: string;
}

export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly answers: Readonly<Partial<Record<Side, Answer>>>;
}

export const isUnderWay = (answer: Answer | undefined): boolean =>
  answer?.state === "waiting" || answer?.state === "streaming";

export function begin(request: ChatRequest, before: Answer | undefined): Answer {
  return {
    request,
    state: "waiting",
    text: before?.text ?? "",
    steering: before?.steering ?? null,
    tokens: null,
    isCut: false,
    error: "",
  };
}

export function withChunk(answer: Answer, chunk: Chunk): Answer {
  const fresh: Answer = answer.state === "waiting" ? {...answer, state: "streaming", text: "", steering: null} : answer;
  const choice = chunk.choices?.[0];
  return {
    ...fresh,
    text: fresh.text + (choice?.delta?.content ?? ""),
    steering: chunk.steering ?? fresh.steering,
    tokens: chunk.usage?.completion_tokens ?? fresh.tokens,
    isCut: fresh.isCut || choice?.finish_reason === "length",
  };
}

export function ended(answer: Answer, state: "finished" | "stopped" | "failed", error = ""): Answer {
  const nothing = answer.state === "waiting" ? {text: "", steering: null} : {};
  return {...answer, ...nothing, state, error};
}

/**
 * What a side is asked: its own answers are its history, so that each is a conversation of its own. Where it has none,
 * the other side's stands in; questions that nobody answered are left out.
 */
export function messagesOf(turns: readonly Turn[], side: Side, system: string, question: string): ChatMessage[] {
  const other: Side = side === "steered" ? "unsteered" : "steered";
  const messages: ChatMessage[] = system.trim() === "" ? [] : [{role: "system", content: system}];
  for (const {question: asked, answers} of turns) {
    const text = answers[side]?.text || answers[other]?.text;
    if (text) messages.push({role: "user", content: asked}, {role: "assistant", content: text});
  }
  return [...messages, {role: "user", content: question}];
}
