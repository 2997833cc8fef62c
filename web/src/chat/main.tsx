import {render} from "preact";
import {App} from "./app.js";
import {readServerFacts} from "./server_facts.js";
import "./style/index.css";

render(<App facts={readServerFacts(document)} />, document.getElementById("chat")!);
