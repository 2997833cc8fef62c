// What the page must know of the server before anything can be asked.
import {useEffect, useState} from "preact/hooks";
import {Api} from "./api.js";
import type {ServerFacts, VectorEntry} from "./contract.js";
import {RequestError} from "./request_error.js";
import {storedKey, storeKey} from "./stored_key.js";

export type Connection =
  | {state: "connecting"}
  /** `message` says why the last key was not accepted. */
  | {state: "needs key"; message: string}
  | {state: "failed"; message: string}
  | {state: "ready"; model: string; vectors: VectorEntry[]};

export interface Server {
  connection: Connection;
  api: Api;
  /** Tries a key, and keeps it for the tab. */
  useKey(key: string): void;
  retry(): void;
  refuseKey(): void;
}

const refused = "The server does not accept this key.";

export function useServer(facts: ServerFacts): Server {
  const [api, setApi] = useState(() => new Api(storedKey()));
  const [connection, setConnection] = useState<Connection>({state: "connecting"});
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    const set = (next: Connection): void => {
      if (isCurrent) setConnection(next);
    };
    if (facts.keys && api.key === "") {
      set({state: "needs key", message: ""});
    } else {
      set({state: "connecting"});
      void connect(api).then(set);
    }
    return () => {
      isCurrent = false;
    };
  }, [facts, api, attempt]);

  return {
    connection,
    api,
    useKey(key) {
      storeKey(key);
      setApi(new Api(key));
    },
    retry: () => setAttempt((count) => count + 1),
    refuseKey: () => setConnection({state: "needs key", message: refused}),
  };
}

async function connect(api: Api): Promise<Connection> {
  try {
    const [model, vectors] = await Promise.all([api.model(), api.vectors()]);
    return {state: "ready", model, vectors};
  } catch (error) {
    if (!(error instanceof RequestError)) return {state: "failed", message: "The server answered in an unknown way."};
    if (error.asksForKey) return {state: "needs key", message: api.key === "" ? "" : refused};
    return {state: "failed", message: error.message};
  }
}
