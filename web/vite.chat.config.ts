// The page of `w2s serve`: the server writes into it what it must know before it asks.
import {defineConfig} from "vite";
import {singleFilePage} from "./single-file-page.ts";

export default defineConfig(singleFilePage("chat.html"));
