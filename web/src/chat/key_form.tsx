import {useEffect, useRef, useState} from "preact/hooks";

export function KeyForm({message, onKey}: {message: string; onKey: (key: string) => void}) {
  const [key, setKey] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <form
      class="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== "") onKey(key.trim());
      }}
    >
      <h2>This server asks for a key</h2>
      <p class="lead">
        One of those it was started with. It is kept until this tab is closed, and sent to nobody else.
      </p>
      <label for="key">API key</label>
      <div class="key-row">
        <input
          ref={input}
          id="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          aria-describedby="key-message"
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Continue
        </button>
      </div>
      <p id="key-message" class="failure" role="alert">
        {message}
      </p>
    </form>
  );
}
