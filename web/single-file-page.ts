// A page as one file that asks for no other: a template, into which the program writes what the page is about.
import type {Plugin, UserConfig} from "vite";
import {viteSingleFile} from "vite-plugin-singlefile";
import {bundledLicenses} from "./bundled-licenses.ts";

const DATA_PLACE = "<!--w2s:data-->";

function licensesInPage(): Plugin {
  return {
    name: "w2s:licenses-in-page",
    transformIndexHtml: {
      order: "post",
      handler: (_html, {bundle}) => {
        if (bundle === undefined) return;
        const text = `\n${bundledLicenses(bundle).replace(/<(?=[/!])/g, "< ")}\n`;
        return [{tag: "script", attrs: {type: "text/plain", id: "licenses"}, children: text, injectTo: "body"}];
      },
    },
  };
}

/** The program replaces the one comment; a second file, or a reference to one, would be lost. */
function isOneFile(): Plugin {
  return {
    name: "w2s:is-one-file",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const files = Object.values(bundle);
        const page = files[0];
        if (files.length !== 1 || page?.type !== "asset") {
          this.error(`the page must be one file, not ${files.map(({fileName}) => fileName).join(", ")}`);
        }
        const html = String(page.source);
        const places = html.split(DATA_PLACE).length - 1;
        if (places !== 1) this.error(`${page.fileName} has ${places} comments ${DATA_PLACE}; exactly one is needed`);
        const markup = html.replace(/(<(script|style)\b[^>]*>).*?<\/\2>/gs, "$1");
        const reference =
          /<(?:script|img|link|source|iframe)\b[^>]*\s(?:src|href)\s*=\s*["']?(?!["']?(?:data:|#))[^\s>]*/i.exec(
            markup,
          );
        if (reference) this.error(`${page.fileName} refers to another file: ${reference[0]}`);
      },
    },
  };
}

/** The build of a page in web/, for instance "report.html". */
export function singleFilePage(html: string): UserConfig {
  return {
    plugins: [licensesInPage(), viteSingleFile(), isOneFile()],
    publicDir: false,
    build: {
      target: "es2022",
      outDir: process.env.W2S_WEB_OUTPUT ?? "dist",
      emptyOutDir: false,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {input: html},
    },
  };
}
