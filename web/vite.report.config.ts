// The page of `w2s report`: the program writes a folder's results into it.
import {defineConfig} from "vite";
import {singleFilePage} from "./single-file-page.ts";

export default defineConfig(singleFilePage("report.html"));
