import {useState} from "preact/hooks";
import type {Api} from "./api.js";

const path = "/report";

/** A link cannot show a key: where there is one, the page fetches the report itself. */
export function ReportLink({api}: {api: Api}) {
  const [message, setMessage] = useState("");
  const open = async (event: MouseEvent): Promise<void> => {
    if (api.key === "") return;
    event.preventDefault();
    setMessage("");
    try {
      const url = URL.createObjectURL(await api.report());
      window.open(url, "_blank", "noopener");
      // The new tab reads it after it was opened.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {message !== "" && (
        <span class="failure" role="alert">
          {message}
        </span>
      )}
      <a class="report-link" href={path} target="_blank" rel="noopener" onClick={(event) => void open(event)}>
        Report
      </a>
    </>
  );
}
