import {render} from "preact";
import {App} from "./app.js";
import {readReport} from "./report_data.js";
import "./style/index.css";

const place = document.getElementById("report")!;
const data = readReport(document);
if (data) {
  document.title = `${data.summary.title}: where to steer`;
  render(<App data={data} />, place);
} else {
  render(
    <p class="empty-page">This is the template of the report, without results. `w2s report DIR` fills it.</p>,
    place,
  );
}
