import {useEffect} from "preact/hooks";
import {jumpTo} from "../common/jump.js";
import {ThemeButton} from "../common/theme_button.js";
import {visibleLine} from "../common/visible_text.js";
import {Chat} from "./chat.js";
import type {ServerFacts} from "./contract.js";
import {KeyForm} from "./key_form.js";
import {ReportLink} from "./report_link.js";
import {type Connection, useServer} from "./server.js";

export function App({facts}: {facts: ServerFacts}) {
  const server = useServer(facts);
  const {connection, api} = server;
  const model = connection.state === "ready" ? connection.model : "";
  useEffect(() => {
    if (model !== "") document.title = `${visibleLine(model, 60)}: where to steer`;
  }, [model]);
  return (
    <>
      <a class="skip-link" href="#question" onClick={jumpTo("question")}>
        Skip to the question
      </a>
      <header class="page-head">
        <div class="page-head-row">
          <h1 class="page-title">
            <strong>Where to steer</strong> <bdi>{visibleLine(model, 60)}</bdi>
          </h1>
          <div class="pickers">
            {facts.report && connection.state === "ready" && <ReportLink api={api} />}
            <ThemeButton />
          </div>
        </div>
      </header>
      {connection.state === "ready" ? (
        <Chat
          key={connection.model}
          model={connection.model}
          entries={connection.vectors}
          api={api}
          onKeyRefused={server.refuseKey}
        />
      ) : (
        <Entrance connection={connection} onKey={server.useKey} onRetry={server.retry} />
      )}
      <div id="announcements" class="visually-hidden" role="status" aria-live="polite" />
    </>
  );
}

interface EntranceProps {
  connection: Exclude<Connection, {state: "ready"}>;
  onKey: (key: string) => void;
  onRetry: () => void;
}

function Entrance({connection, onKey, onRetry}: EntranceProps) {
  return (
    <main class="entrance">
      {connection.state === "connecting" && <p role="status">Asking the server…</p>}
      {connection.state === "needs key" && <KeyForm message={connection.message} onKey={onKey} />}
      {connection.state === "failed" && (
        <>
          <p class="failure" role="alert">
            {connection.message}
          </p>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </>
      )}
    </main>
  );
}
