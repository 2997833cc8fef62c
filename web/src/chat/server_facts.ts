import type {ServerFacts} from "./contract.js";

/** What the server wrote into the page; a page that came another way finds out by asking. */
export function readServerFacts(document: Document): ServerFacts {
  const text = document.getElementById("server")?.textContent;
  if (!text) return {keys: false, report: false};
  const {keys, report} = JSON.parse(text) as Partial<ServerFacts>;
  return {keys: keys === true, report: report === true};
}
