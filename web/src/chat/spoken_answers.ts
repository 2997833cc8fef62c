// What screen readers say when a question is answered: once, and not at every token.
import type {Answer, Turn} from "./conversation.js";
import {captionOf, strips} from "./strip.js";

const most = 400;

function spoken(name: string, answer: Answer): string {
  if (answer.state === "failed") return `${name} answer failed: ${answer.error}`;
  const places = answer.steering
    ? strips(answer.steering, []).map((strip) => `${strip.name} at ${captionOf(strip)}`)
    : [];
  const where = places.length > 0 ? `, ${places.join(", ")}` : "";
  const text = answer.text.length > most ? `${answer.text.slice(0, most)}… and so on` : answer.text;
  return `${name} answer${where}: ${text}`;
}

export function spokenAnswers({answers: {steered, unsteered}}: Turn): string {
  return [steered && spoken("Steered", steered), unsteered && spoken("Unsteered", unsteered)]
    .filter(Boolean)
    .join("\n");
}
