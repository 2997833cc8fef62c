// Why there is no answer, in words.
import type {ErrorObject} from "./contract.js";

export class RequestError extends Error {
  /** The HTTP status; 0: there was none. */
  readonly status: number;

  constructor(message: string, status = 0) {
    super(message);
    this.status = status;
  }

  get asksForKey(): boolean {
    return this.status === 401;
  }
}

const sentence = (text: string): string => {
  const trimmed = text.trim();
  const upper = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
};

function wait(retryAfter: string | null): string {
  const seconds = Number(retryAfter);
  if (retryAfter === null || !Number.isFinite(seconds) || seconds < 0) return "Try again later.";
  return `Try again in ${Math.max(1, Math.ceil(seconds))} s.`;
}

/** An error object that came inside a stream, or with a status. */
export function describeError(error: ErrorObject, status = 0, retryAfter: string | null = null): RequestError {
  const said = sentence(String(error.message));
  if (status === 429) return new RequestError(`The server is busy. ${said} ${wait(retryAfter)}`, status);
  if (status === 503) return new RequestError(`${said} ${wait(retryAfter)}`, status);
  const field = error.param ? ` (${error.param})` : "";
  return new RequestError(said.replace(/\.$/, `${field}.`), status);
}

/** Of a response that is not 2xx. What stands between may answer in its own way. */
export async function errorOfResponse(response: Response): Promise<RequestError> {
  const {status, headers} = response;
  try {
    const {error} = (await response.json()) as {error?: ErrorObject};
    if (typeof error?.message === "string") return describeError(error, status, headers.get("Retry-After"));
  } catch {
    // Told below.
  }
  return new RequestError(`The server answered with status ${status} and no explanation.`, status);
}

export const unreachable = (): RequestError => new RequestError("The server cannot be reached. Is it still running?");

export const brokenOff = (): RequestError =>
  new RequestError("The answer broke off: the server went away before it was finished.");
