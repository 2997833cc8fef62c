import {visible} from "../common/visible_text.js";
import {plural} from "../common/format.js";
import type {VectorEntry} from "./contract.js";
import {type Answer, isUnderWay, type Side, type Turn} from "./conversation.js";
import {LayerStrip} from "./layer_strip.js";
import {strips} from "./strip.js";

interface TurnViewProps {
  turn: Turn;
  number: number;
  entries: readonly VectorEntry[];
  compare: boolean;
  /** Null for all but the last. */
  onAskAgain: (() => void) | null;
}

export function TurnView({turn, number, entries, compare, onAskAgain}: TurnViewProps) {
  const {question, answers} = turn;
  const isBusy = Object.values(answers).some(isUnderWay);
  return (
    <article class="turn" aria-label={`Question ${number}`}>
      <p class="question" dir="auto">
        {visible(question)}
      </p>
      <div class={`answers${compare ? " two" : ""}`}>
        {answers.steered && <AnswerView side="steered" answer={answers.steered} entries={entries} />}
        {compare && answers.unsteered && <AnswerView side="unsteered" answer={answers.unsteered} entries={entries} />}
      </div>
      {onAskAgain && (
        <button type="button" class="link ask-again" disabled={isBusy} onClick={onAskAgain}>
          Ask again
        </button>
      )}
    </article>
  );
}

interface AnswerViewProps {
  side: Side;
  answer: Answer;
  entries: readonly VectorEntry[];
}

function AnswerView({side, answer, entries}: AnswerViewProps) {
  const name = side === "steered" ? "Steered" : "Unsteered";
  const isBusy = isUnderWay(answer);
  return (
    <section class={`answer-card ${side}`} aria-label={`${name} answer`} aria-busy={isBusy} data-state={answer.state}>
      <h3>
        {name} <span class="quiet">{stateText(answer)}</span>
      </h3>
      {(answer.error === "" || answer.text !== "") && (
        <p class="answer-text" dir="auto">
          {visible(answer.text)}
          {isBusy && <span class="caret" aria-hidden="true" />}
        </p>
      )}
      {answer.error !== "" && (
        <p class="failure" role="alert">
          {answer.error}
        </p>
      )}
      {side === "steered" && <Strips answer={answer} entries={entries} />}
    </section>
  );
}

function Strips({answer, entries}: {answer: Answer; entries: readonly VectorEntry[]}) {
  if (!answer.request.steering) return <p class="note">No vector was on: this is the model's own answer.</p>;
  if (!answer.steering) return null;
  return (
    <>
      {strips(answer.steering, entries).map((strip) => (
        <LayerStrip key={strip.name} strip={strip} scale={scaleOf(answer, strip.name)} />
      ))}
    </>
  );
}

const scaleOf = (answer: Answer, name: string): number =>
  answer.request.steering?.vectors.find((vector) => vector.name === name)?.scale ?? 0;

function stateText({state, tokens, isCut}: Answer): string {
  if (state === "waiting") return "waiting…";
  if (state === "streaming") return "answering…";
  if (state === "stopped") return "stopped";
  if (state === "failed") return "failed";
  const length = tokens === null ? "" : plural(tokens, "token");
  return isCut ? `${length}, cut off` : length;
}
