// paper-figures.js: a classic script that draws the paper's figures as SVG where there is a JavaScript engine and nothing
// around it. The program runs it in QuickJS.
import {defineConfig, type Plugin} from "vite";
import {bundledLicenses} from "./bundled-licenses.ts";

function licensesAtEnd(): Plugin {
  return {
    name: "w2s:licenses-at-end",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const licenses = bundledLicenses(bundle).replaceAll("*/", "* /");
        for (const output of Object.values(bundle)) {
          if (output.type === "chunk") output.code = `${output.code.trimEnd()}\n/*!\n${licenses}\n*/\n`;
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [licensesAtEnd()],
  publicDir: false,
  // Some packages ask for it, and there is no `process` where this runs.
  define: {"process.env.NODE_ENV": JSON.stringify("production")},
  build: {
    target: "es2020",
    outDir: process.env.W2S_WEB_OUTPUT ?? "dist",
    emptyOutDir: false,
    minify: true,
    reportCompressedSize: false,
    lib: {entry: "src/paper/main.ts", formats: ["iife"], name: "w2sPaperFigures", fileName: () => "paper-figures.js"},
  },
});
