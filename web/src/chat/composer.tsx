import {useState} from "preact/hooks";

interface ComposerProps {
  isBusy: boolean;
  hasTurns: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
  onClear: () => void;
}

export function Composer({isBusy, hasTurns, onAsk, onStop, onClear}: ComposerProps) {
  const [text, setText] = useState("");
  const send = (): void => {
    if (text.trim() === "") return;
    onAsk(text);
    setText("");
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        id="question"
        rows={1}
        aria-label="Message"
        placeholder="Ask something"
        aria-describedby="question-keys"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // Enter that ends a composition (of Chinese, say) sends nothing.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div class="composer-buttons">
        <span id="question-keys" class="quiet">
          Enter sends, Shift+Enter begins a line
        </span>
        {hasTurns && (
          <button type="button" onClick={onClear}>
            New conversation
          </button>
        )}
        {isBusy && (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        )}
        <button type="submit" class="primary" disabled={text.trim() === ""}>
          Send
        </button>
      </div>
    </form>
  );
}
