// The drawings of the viewer: a panel of weights as a heat map or as lines, in SVG that also works as a file.
// A panel has source, target (tokens), weights (T × S, by rows), gold ([[source, target], …]) and a title; a focus is
// { side: "source" | "target", index } or null.

const NAMES = ["ink", "soft", "paper", "weight", "gold"];
const SCREEN = Object.fromEntries(NAMES.map((name) => [name, `var(--${name})`]));
const PRINT = { ink: "#1c1e21", soft: "#5a6068", paper: "#ffffff", weight: "#0b5394", gold: "#b34700" };
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', Arial, sans-serif";
const SIZE = 13; // of the letters; all sizes are in pixels
const LINE = 22;
const SLOPE = -55; // degrees: the angle of the names of columns
const LEAST = 0.005; // a smaller weight would be shown as 0.00

const ruler = document.createElement("canvas").getContext("2d");
const opposite = { source: "target", target: "source" };
const clamp = (value, low, high) => Math.max(low, Math.min(value, high));

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function extent(token) {
  ruler.font = `700 ${SIZE}px ${FONT}`;
  return Math.ceil(ruler.measureText(token).width);
}

const widest = (tokens) => Math.max(...tokens.map(extent));

const weightAt = (panel, source, target) => panel.weights[target * panel.source.length + source];

// [index, weight] of the tokens that are linked with the token in focus, the strongest first.
function links(panel, { side, index }) {
  const weight = (other) => (side === "target" ? weightAt(panel, other, index) : weightAt(panel, index, other));
  return panel[opposite[side]].map((_, other) => [other, weight(other)]).sort(([, a], [, b]) => b - a);
}

// A token that a keyboard can reach and a screen reader can read. `box` is [x, y, width, height] around its text at 0, 0.
function drawToken(panel, side, index, colours, transform, anchor, box) {
  const [x, y, width, height] = box;
  const strongest = links(panel, { side, index }).slice(0, 3).filter(([, weight]) => weight >= LEAST);
  const said = strongest.map(([other, weight]) => `${panel[opposite[side]][other]} ${weight.toFixed(2)}`).join(", ");
  return svg("g", {
    role: "option", tabindex: -1, "aria-selected": "false", transform, "data-side": side, "data-index": index,
    "aria-label": `${panel[side][index]}, ${side} ${index + 1}: ${said || "no links"}`,
  },
  svg("rect", { x, y, width, height, rx: 3, fill: colours.weight, "fill-opacity": 0 }),
  svg("text", { "text-anchor": anchor, "dominant-baseline": "central", fill: colours.ink }, panel[side][index]));
}

function drawTokens(panel, side, orientation, tokens) {
  const label = `${side === "source" ? "Source" : "Target"} tokens, ${panel.title}`;
  return svg("g", { role: "listbox", "aria-label": label, "aria-orientation": orientation }, ...tokens);
}

// The whole drawing. `spot(side, other)` is the place for the weight of `other` if a token of `side` is in focus.
function sheet(panel, colours, width, height, children, spot) {
  const numbers = svg("g", { "font-size": 10, "pointer-events": "none" });
  const node = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`,
    "font-family": FONT, "font-size": SIZE, role: "group", "aria-label": panel.title,
  }, ...children, numbers);
  return { panel, colours, node, numbers, width, height, spot };
}

function heading(x, y, anchor, text, colours) {
  return svg("text", { x, y, "text-anchor": anchor, fill: colours.soft, "font-size": 11 }, text);
}

function drawHeatMap(panel, colours, room) {
  const { source, target } = panel;
  const [across, angle] = [widest(source), (-SLOPE * Math.PI) / 180];
  const left = widest(target) + 14;
  const top = Math.ceil(across * Math.sin(angle)) + 22;
  const overhang = Math.ceil(across * Math.cos(angle));
  const cell = Math.floor(clamp((room - left - overhang) / source.length, 17, 34));
  const [width, height] = [left + cell * source.length + overhang, top + cell * target.length + 46];
  const x = (column) => left + cell * column;
  const y = (row) => top + cell * row;
  const columns = source.map((token, i) => drawToken(panel, "source", i, colours,
    `translate(${x(i) + cell / 2}, ${top - 8}) rotate(${SLOPE})`, "start", [-4, -9, extent(token) + 8, 18]));
  const rows = target.map((token, i) => drawToken(panel, "target", i, colours,
    `translate(${left - 8}, ${y(i) + cell / 2})`, "end", [-extent(token) - 4, -9, extent(token) + 8, 18]));
  const cells = target.flatMap((_, t) => source.map((_, s) => svg("rect", {
    x: x(s), y: y(t), width: cell, height: cell, "data-source": s, "data-target": t,
    fill: colours.weight, "fill-opacity": weightAt(panel, s, t).toFixed(3),
  })));
  const gold = panel.gold.map(([s, t]) => svg("rect", {
    x: x(s) + 1.5, y: y(t) + 1.5, width: cell - 3, height: cell - 3, "data-source": s, "data-target": t,
    class: "gold-link", fill: "none", stroke: colours.gold, "stroke-width": 2,
  }));
  const frame = svg("rect", {
    x: left, y: top, width: cell * source.length, height: cell * target.length, fill: "none", stroke: colours.soft,
  });
  const children = [
    ...cells, ...gold, frame, scale(left, height - 34, colours),
    drawTokens(panel, "source", "horizontal", columns), drawTokens(panel, "target", "vertical", rows),
  ];
  return sheet(panel, colours, width, height, children, (side, index, other, weight) => {
    const [s, t] = side === "source" ? [index, other] : [other, index];
    const text = weight >= 0.995 ? "1" : weight.toFixed(2).slice(1);
    return [x(s) + cell / 2, y(t) + cell / 2, "middle", text, weight > 0.6 ? colours.paper : colours.ink];
  });
}

function scale(x, y, colours) {
  const steps = Array.from({ length: 11 }, (_, i) => svg("rect", {
    x: x + 24 + 10 * i, y, width: 10, height: 10, fill: colours.weight, "fill-opacity": i / 10,
  }));
  const frame = svg("rect", { x: x + 24, y, width: 110, height: 10, fill: "none", stroke: colours.soft });
  const words = [[18, 0, "end", "0"], [140, 0, "start", "1"], [24, 16, "start", "source across, target down"]];
  const texts = words.map(([right, down, anchor, text]) => heading(x + right, y + 9 + down, anchor, text, colours));
  return svg("g", {}, ...steps, frame, ...texts);
}

function drawLines(panel, colours, room) {
  const { source, target } = panel;
  const [before, after] = [widest(source) + 44, widest(target) + 44];
  const gap = clamp(room - before - after, 90, 300);
  const [width, height] = [before + gap + after, 24 + LINE * Math.max(source.length, target.length) + 4];
  const y = (index) => 24 + LINE * (index + 0.5);
  const path = (s, t) => {
    const [from, to, middle] = [before + 6, before + gap - 6, before + gap / 2];
    return `M${from},${y(s)} C${middle},${y(s)} ${middle},${y(t)} ${to},${y(t)}`;
  };
  const strokes = target.flatMap((_, t) => source.map((_, s) => [s, t, weightAt(panel, s, t)]))
    .filter(([, , weight]) => weight >= 0.01)
    .map(([s, t, weight]) => svg("path", {
      d: path(s, t), "data-source": s, "data-target": t, fill: "none", stroke: colours.weight,
      "stroke-width": (1 + 5 * weight).toFixed(2), "stroke-opacity": (0.08 + 0.92 * weight).toFixed(3),
    }));
  const gold = panel.gold.map(([s, t]) => svg("path", {
    d: path(s, t), "data-source": s, "data-target": t, class: "gold-link", fill: "none", stroke: colours.gold,
    "stroke-width": 1.5, "stroke-dasharray": "5 4",
  }));
  const lefts = source.map((_, i) => drawToken(panel, "source", i, colours, `translate(${before}, ${y(i)})`, "end",
    [44 - before - 4, -10, before - 44 + 8, 20]));
  const rights = target.map((_, i) => drawToken(panel, "target", i, colours, `translate(${before + gap}, ${y(i)})`,
    "start", [-4, -10, after - 44 + 8, 20]));
  const children = [
    heading(before, 14, "end", "source", colours), heading(before + gap, 14, "start", "target", colours),
    ...strokes, ...gold,
    drawTokens(panel, "source", "vertical", lefts), drawTokens(panel, "target", "vertical", rights),
  ];
  return sheet(panel, colours, width, height, children, (side, _, other, weight) => {
    const [x, anchor] = side === "source" ? [width - 36, "start"] : [36, "end"];
    return [x, y(other), anchor, weight.toFixed(2), colours.ink];
  });
}

// Shows the links of the token in focus with their weights, and fades all other links.
function highlight({ panel, colours, node, numbers, spot }, focus) {
  for (const mark of node.querySelectorAll("[data-target]")) {
    mark.setAttribute("opacity", !focus || Number(mark.dataset[focus.side]) === focus.index ? 1 : 0.2);
  }
  const weights = focus ? new Map(links(panel, focus)) : null;
  for (const token of node.querySelectorAll("[data-side]")) {
    const index = Number(token.dataset.index);
    const mine = focus?.side === token.dataset.side;
    const weight = focus && !mine ? weights.get(index) : 0;
    const strong = !focus || (mine ? index === focus.index : weight >= 0.05);
    token.querySelector("text").setAttribute("opacity", strong ? 1 : 0.45);
    token.querySelector("text").setAttribute("font-weight", focus && mine && index === focus.index ? 700 : 400);
    token.querySelector("rect").setAttribute("fill-opacity", (0.35 * weight).toFixed(3));
  }
  const shown = focus ? [...weights].filter(([, weight]) => weight >= LEAST) : [];
  numbers.replaceChildren(...shown.map(([other, weight]) => {
    const [x, y, anchor, text, fill] = spot(focus.side, focus.index, other, weight);
    return svg("text", { x, y, "text-anchor": anchor, "dominant-baseline": "central", fill }, text);
  }));
}

// Drawings side by side with one title, as the text of an SVG file.
function poster(name, drawings) {
  const [margin, top] = [16, 56];
  const width = drawings.reduce((sum, drawing) => sum + drawing.width + margin, margin);
  const height = Math.max(...drawings.map((drawing) => drawing.height)) + top + margin;
  let x = margin;
  const parts = drawings.flatMap((drawing) => {
    const title = svg("text", { x, y: top - 10, "font-weight": 600, fill: PRINT.ink }, drawing.panel.title);
    drawing.node.setAttribute("x", x);
    drawing.node.setAttribute("y", top);
    x += drawing.width + margin;
    return [title, drawing.node];
  });
  const root = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`,
    "font-family": FONT, "font-size": SIZE,
  },
  svg("rect", { width, height, fill: PRINT.paper }),
  svg("text", { x: margin, y: 22, "font-size": 15, "font-weight": 600, fill: PRINT.ink }, name), ...parts);
  const alive = ["role", "tabindex", "aria-label", "aria-selected", "aria-orientation"];
  root.querySelectorAll("*").forEach((element) => alive.forEach((attribute) => element.removeAttribute(attribute)));
  return new XMLSerializer().serializeToString(root);
}
