// The licences of the npm packages in a bundle, for the bundle to carry along.
import {existsSync, readdirSync, readFileSync} from "node:fs";
import {dirname, join} from "node:path";
import type {Rolldown} from "vite";

interface PackageJson {
  name: string;
  version: string;
  license?: string;
}

/** The folder of the npm package that a module belongs to; null for our own modules and the bundler's. */
function packageFolder(module: string): string | null {
  if (!module.includes("/node_modules/")) return null;
  let folder = dirname(module.replace(/^\0/, "").replace(/\?.*$/, ""));
  // Some packages have a package.json without a name in folders of their own.
  while (dirname(folder) !== folder) {
    const file = join(folder, "package.json");
    if (existsSync(file) && "name" in JSON.parse(readFileSync(file, "utf8"))) return folder;
    folder = dirname(folder);
  }
  return null;
}

function licenseOf(folder: string): string {
  const {name, version, license} = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length === 0 && license === undefined) throw new Error(`${name} ${version} has no licence`);
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license ?? "see below"})`, ...texts].join("\n\n");
}

/** The licence texts of all packages of which there is code in the bundle, sorted by package. */
export function bundledLicenses(bundle: Rolldown.OutputBundle): string {
  const folders = new Set<string>();
  for (const output of Object.values(bundle)) {
    if (output.type !== "chunk") continue;
    for (const [module, {renderedLength}] of Object.entries(output.modules)) {
      const folder = renderedLength > 0 ? packageFolder(module) : null;
      if (folder !== null) folders.add(folder);
    }
  }
  return [...folders]
    .map(licenseOf)
    .sort()
    .join(`\n\n${"-".repeat(80)}\n\n`);
}
