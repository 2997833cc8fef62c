// A chart as an SVG file of its own.
import {element, svgNamespace} from "./frame.js";

const [ink, background] = ["#1a1a1a", "#ffffff"];

// XML has no way to write these.
// oxlint-disable-next-line no-control-regex
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(unwritable, "\ufffd");
}

// Written here, as the DOM of a page and the one without a browser write XML differently.
function written(node: Node): string {
  if (node.nodeType === 3) return escaped(node.textContent ?? "");
  if (node.nodeType !== 1) return "";
  const svg = node as Element;
  const name = svg.localName;
  if (name === "style") return "";
  const attributes = [...svg.attributes]
    .filter((attribute) => attribute.name !== "xmlns" && attribute.name !== "class")
    .sort((a, b) => (a.name < b.name ? -1 : 1)) // each DOM has an order of its own
    .map((attribute) => ` ${attribute.name}="${escaped(attribute.value)}"`)
    .join("");
  const children = [...svg.childNodes].map(written).join("");
  return children === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${children}</${name}>`;
}

/** The text of an SVG document: nothing in it depends on a page. The description is the chart's label by default. */
export function standaloneSvg(chart: SVGSVGElement, title: string, description?: string): string {
  const svg = chart.cloneNode(true) as SVGSVGElement;
  const document = chart.ownerDocument;
  svg.prepend(
    element(document, "title", {}, title),
    element(document, "desc", {}, description ?? chart.getAttribute("aria-label") ?? ""),
    element(document, "rect", {width: "100%", height: "100%", fill: background}),
  );
  svg.setAttribute("color", ink);
  svg.removeAttribute("style");
  const markup = written(svg)
    .replaceAll(/var\(--[^()]*\)/g, background)
    .replace("<svg", `<svg xmlns="${svgNamespace}"`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${markup}\n`;
}
