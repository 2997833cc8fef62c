import {useCallback, useEffect, useMemo, useRef, useState} from "preact/hooks";
import {announce} from "../common/announce.js";
import type {Api} from "./api.js";
import {Composer} from "./composer.js";
import type {VectorEntry} from "./contract.js";
import {Controls} from "./controls.js";
import {isUnderWay, type Turn} from "./conversation.js";
import {Session} from "./session.js";
import {defaultSampling, defaultVectors, type Settings} from "./settings.js";
import {spokenAnswers} from "./spoken_answers.js";
import {TurnView} from "./turn_view.js";
import {useFollowedEnd} from "./followed_end.js";
import {Welcome} from "./welcome.js";

interface ChatProps {
  model: string;
  entries: VectorEntry[];
  api: Api;
  onKeyRefused: () => void;
}

// Long enough for a key that is held down, short enough to feel at once.
const pauseBeforeAsking = 300;

export function Chat({model, entries, api, onKeyRefused}: ChatProps) {
  const [settings, setSettings] = useState<Settings>(() => ({
    model,
    vectors: defaultVectors(entries),
    sampling: defaultSampling,
    compare: true,
  }));
  const [isLive, setLive] = useState(true);
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const session = useSession(api, setTurns, onKeyRefused);
  const schedule = useSchedule();
  const latest = useRef(settings);
  const {place, follow} = useFollowedEnd(turns);

  const change = (next: Settings, isReleased: boolean): void => {
    latest.current = next;
    setSettings(next);
    if (isLive && isReleased) schedule(() => session.askChanged(latest.current));
  };
  const ask = (question: string): void => {
    schedule(null);
    follow();
    session.ask(question, latest.current);
  };

  const last = turns.at(-1);
  const isBusy = Object.values(last?.answers ?? {}).some(isUnderWay);
  return (
    <main class="chat">
      <Controls settings={settings} last={last?.answers.steered} isLive={isLive} onChange={change} onLive={setLive} />
      <div class="talk">
        <div class="turns" ref={place} tabIndex={-1}>
          {turns.length === 0 && <Welcome hasVectors={entries.length > 0} onAsk={ask} />}
          {turns.map((turn, i) => (
            <TurnView
              key={turn.id}
              turn={turn}
              number={i + 1}
              entries={entries}
              compare={settings.compare}
              onAskAgain={turn === last ? () => session.askAgain(latest.current) : null}
            />
          ))}
        </div>
        <Composer
          isBusy={isBusy}
          hasTurns={turns.length > 0}
          onAsk={ask}
          onStop={() => session.stop()}
          onClear={() => {
            schedule(null);
            session.clear();
          }}
        />
      </div>
    </main>
  );
}

function useSession(api: Api, show: (turns: readonly Turn[]) => void, keyRefused: () => void): Session {
  const latest = useRef({api, keyRefused});
  latest.current = {api, keyRefused};
  const changed = useFrames(show);
  const session = useMemo(
    () =>
      new Session(() => latest.current.api, {
        changed,
        finished: (turn) => announce(spokenAnswers(turn)),
        keyRefused: () => latest.current.keyRefused(),
      }),
    [changed],
  );
  useEffect(() => () => session.stop(), [session]);
  return session;
}

/** Shows the last of what came since the last frame: a fast server writes more often than one can look. */
function useFrames<Value>(show: (value: Value) => void): (value: Value) => void {
  const frame = useRef(0);
  const latest = useRef<Value | null>(null);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return useCallback(
    (value) => {
      latest.current = value;
      frame.current ||= requestAnimationFrame(() => {
        frame.current = 0;
        show(latest.current!);
      });
    },
    [show],
  );
}

/** Calls the last of several actions, when no other has come for a while; null calls none. */
function useSchedule(): (action: (() => void) | null) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (action) => {
    clearTimeout(timer.current);
    if (action) timer.current = setTimeout(action, pauseBeforeAsking);
  };
}
