// The attention viewer. Its form is its state. The address of the page mirrors it, so that a view can be shared.

class AttentionViewer {
  constructor(root, data, bytes) {
    Object.assign(this, { root, data, bytes, drawings: [] });
    this.form = root.querySelector("form");
    this.controls = this.form.elements;
    this.reading = root.querySelector(".reading");
    this.stage = root.querySelector(".stage");
    this.form.hidden = this.reading.hidden = false;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => this.choose());
    root.querySelector(".save").addEventListener("click", () => this.save());
    this.player = new Player(root.querySelector(".play"), (index) => this.play(index));
    this.stage.addEventListener("pointerover", (event) => this.show(aimed(event.target) ?? this.pinned()));
    this.stage.addEventListener("pointerleave", () => this.show(this.pinned()));
    this.stage.addEventListener("focusin", (event) => this.show(aimed(event.target) ?? this.pinned()));
    this.stage.addEventListener("focusout", () => this.show(this.pinned()));
    this.stage.addEventListener("click", (event) => this.pin(aimed(event.target)));
    this.stage.addEventListener("keydown", (event) => this.step(event));
    addEventListener("hashchange", () => this.restore());
    this.start();
    this.restore();
    new ResizeObserver(() => this.stage.clientWidth !== this.drawnFor && this.draw()).observe(this.stage);
  }

  // The best run, or the first one with attention.
  start() {
    const { mechanism, condition } = this.data.start ?? {};
    const best = this.data.runs.find((run) => run.mechanism === mechanism && run.condition === condition);
    const first = best ?? this.data.runs.find((run) => run.shown[0].layers) ?? this.data.runs[0];
    this.update();
    for (const name of ["mechanism", "condition"]) {
      this.controls[name].value = first[name];
      this.update();
    }
    this.draw();
  }

  // Updates the form after a change: the choice in one list decides about the options of the next.
  update() {
    const { mechanism, condition, seed, sentence, layer, head, gold, beside } = this.controls;
    let runs = this.data.runs;
    for (const list of [mechanism, condition, seed]) {
      fill(list, distinct(runs.map((run) => run[list.name])));
      runs = runs.filter((run) => run[list.name] === list.value);
    }
    const [run] = runs;
    const name = (entry, i) => `${i + 1}: ${this.text(entry).source.join(" ")}`;
    fill(sentence, run.shown.map((entry, i) => [`${entry.sentence}`, name(entry, i)]));
    const before = this.entry?.sentence;
    this.entry = run.shown.find((entry) => `${entry.sentence}` === sentence.value);
    fill(layer, choices(this.entry.layers, "mean of all layers"));
    fill(head, choices(this.entry.heads, "mean of all heads"));
    const others = this.others().map((other) => [other.mechanism, other.mechanism]);
    fill(beside, [["", "its implicit attention"], ...others]);
    gold.parentElement.hidden = !this.text(this.entry).gold.length;
    if (this.entry.sentence !== before) this.controls.pinned.value = "";
  }

  // A run of each other mechanism in the same condition that has the same sentence.
  others() {
    const { mechanism, condition } = this.controls;
    const same = (run) => run.condition === condition.value && run.mechanism !== mechanism.value;
    const having = (run) => run.shown.some((entry) => entry.sentence === this.entry.sentence);
    const found = new Map(this.data.runs.filter((run) => same(run) && having(run)).map((run) => [run.mechanism, run]));
    return [...found.values()];
  }

  // The run that is beside the chosen one; undefined if that is its own implicit attention.
  other() {
    return this.others().find((run) => run.mechanism === this.controls.beside.value);
  }

  text(entry) {
    return this.data.sentences[entry.sentence];
  }

  choose() {
    this.player.stop();
    this.update();
    this.draw();
    this.share();
  }

  draw() {
    const full = this.stage.clientWidth;
    const half = (full - 16) / 2;
    const panels = this.panels();
    let drawings = panels.map((panel) => this.paint(panel, SCREEN, half));
    const stacked = panels.length === 1 || drawings.some(({ width }) => width > half);
    if (stacked) drawings = panels.map((panel) => this.paint(panel, SCREEN, full));
    this.stage.classList.toggle("stacked", stacked);
    this.stage.replaceChildren(...drawings.map((drawing) => {
      const box = document.createElement("div");
      const title = document.createElement("h3");
      title.textContent = drawing.panel.title;
      box.className = "panel";
      box.append(title, drawing.node);
      return box;
    }));
    for (const list of this.stage.querySelectorAll("[role=listbox]")) list.firstElementChild.tabIndex = 0;
    this.root.querySelector(".translations").replaceChildren(...this.translations());
    this.drawings = drawings;
    this.drawnFor = full;
    this.show(this.pinned());
  }

  paint(panel, colours, room) {
    return this.controls.view.value === "map" ? drawHeatMap(panel, colours, room) : drawLines(panel, colours, room);
  }

  panels() {
    const { layer, head, gold } = this.controls;
    const { source, target, gold: known } = this.text(this.entry);
    const shared = { source, target, gold: gold.checked ? known : [] };
    const weights = attention(this.bytes, this.entry, layer.value, head.value);
    const parts = [["layer", layer.value], ["head", head.value]].filter(([, value]) => value !== "mean");
    const title = ["Attention", ...parts.map((part) => part.join(" "))].join(", ");
    const averaged = this.entry.layers * this.entry.heads > 1 && parts.length < 2;
    const own = { ...shared, title: averaged ? `${title} (mean)` : title, weights };
    const beneath = { ...shared, title: "Implicit attention", weights: implicit(this.bytes, this.entry) };
    const other = this.other();
    if (!other) return weights ? [own, beneath] : [beneath];
    const named = (run, panel) => ({ ...panel, title: `${run}: ${panel.title.toLowerCase()}` });
    const entry = other.shown.find((each) => each.sentence === this.entry.sentence);
    const theirs = attention(this.bytes, entry, "mean", "mean");
    const beside = theirs
      ? { ...shared, title: entry.layers * entry.heads > 1 ? "attention (mean)" : "attention", weights: theirs }
      : { ...shared, title: "implicit attention", weights: implicit(this.bytes, entry) };
    return [named(this.controls.mechanism.value, weights ? own : beneath), named(other.mechanism, beside)];
  }

  // The translation of each model that is shown.
  translations() {
    const { target } = this.text(this.entry);
    const other = this.other();
    const runs = [[this.controls.mechanism.value, this.entry]];
    if (other) runs.push([other.mechanism, other.shown.find((each) => each.sentence === this.entry.sentence)]);
    return runs.filter(([, entry]) => entry.translation).map(([name, entry]) => marked(name, entry.translation, target));
  }

  // Puts the target token with this index into focus; whether there is a next one.
  play(index) {
    const { target } = this.text(this.entry);
    this.controls.pinned.value = `t${index + 1}`;
    this.show({ side: "target", index });
    return index + 1 < target.length;
  }

  pinned() {
    const [, letter, index] = this.controls.pinned.value.match(/^([st])(\d+)$/) ?? [];
    const side = { s: "source", t: "target" }[letter];
    const known = side && Number(index) <= this.text(this.entry)[side].length && Number(index) > 0;
    return known ? { side, index: Number(index) - 1 } : null;
  }

  pin(focus) {
    this.player.stop();
    const value = focus ? `${focus.side[0]}${focus.index + 1}` : "";
    this.controls.pinned.value = value === this.controls.pinned.value ? "" : value;
    this.show(focus);
    this.share();
  }

  // The arrow keys move among the tokens of a list; Enter pins a token, and Escape frees it.
  step(event) {
    const token = event.target.closest("[role=option]");
    if (!token) return;
    if (event.key === "Enter" || event.key === " ") this.pin(aimed(token));
    else if (event.key === "Escape") this.pin(null);
    else {
      const tokens = [...token.parentElement.children];
      const next = tokens[stepped(tokens.indexOf(token), tokens.length, event.key)];
      if (!next) return;
      [token.tabIndex, next.tabIndex] = [-1, 0];
      next.focus();
    }
    event.preventDefault();
  }

  show(focus) {
    this.drawings.forEach((drawing) => highlight(drawing, focus));
    const pinned = this.pinned();
    for (const token of this.stage.querySelectorAll("[role=option]")) {
      const mine = token.dataset.side === pinned?.side && Number(token.dataset.index) === pinned?.index;
      token.setAttribute("aria-selected", mine);
    }
    this.reading.replaceChildren(...(focus ? this.read(focus) : [this.hint()]));
  }

  hint() {
    const alone = this.entry.layers ? "" : "This run has no attention, so only implicit attention is shown. ";
    const how = "Point at a token, or tab to it and use the arrow keys, to read its links. A click or Enter pins it.";
    return alone + how;
  }

  // The links of the token in focus, in words and numbers: a line for each panel, and one for the gold links.
  read(focus) {
    const { side, index } = focus;
    const text = this.text(this.entry);
    const other = opposite[side];
    const line = (title, said) => {
      const row = document.createElement("span");
      const name = document.createElement("i");
      name.textContent = `${title}: `;
      row.append(name, said);
      return row;
    };
    const before = text.target.slice(0, index).slice(-3).join(" ");
    const query = before ? `the decoder after “${index > 3 ? "… " : ""}${before}”` : "the decoder at its start";
    const steps = side === "target" ? [line("Query", query)] : [];
    const lines = this.drawings.map(({ panel }) => {
      const strongest = links(panel, focus).slice(0, 5).filter(([, weight]) => weight >= LEAST);
      const said = strongest.map(([i, weight]) => `${text[other][i]} ${weight.toFixed(2)}`).join(" · ");
      return line(panel.title, said || "none");
    });
    const gold = text.gold.map(([s, t]) => (side === "source" ? [s, t] : [t, s])).filter(([mine]) => mine === index);
    if (gold.length) lines.push(line("Gold links", gold.map(([, i]) => `${text[other][i]} (${i + 1})`).join(" · ")));
    if (side === "target") {
      const scores = this.scores(focus);
      if (scores) steps.push(line("Scores, up to a constant", scores));
      lines.push(line("Context", `the mean of the states with these weights; next word: ${text.target[index]}`));
    }
    const token = document.createElement("b");
    const does = side === "target" ? "looks at" : "is looked at by";
    token.textContent = `${text[side][index]} (${side} ${index + 1}) ${does}`;
    return [token, ...steps, ...lines];
  }

  // The logarithms of the weights of one soft head: a softmax leaves its scores open up to a constant.
  scores(focus) {
    const { layers, heads } = this.entry;
    const one = (count, list) => count === 1 || list.value !== "mean";
    if (!layers || !one(layers, this.controls.layer) || !one(heads, this.controls.head)) return "";
    const strongest = links(this.drawings[0].panel, focus).slice(0, 5).filter(([, weight]) => weight >= LEAST);
    if (strongest.length < 2) return "";
    const { source } = this.text(this.entry);
    return strongest.map(([i, weight]) => `${source[i]} ${Math.log(weight).toFixed(1)}`).join(" · ").replaceAll("-", "−");
  }

  share() {
    const { pinned, gold } = this.controls;
    const state = new URLSearchParams(new FormData(this.form));
    if (!gold.checked) state.set("gold", "no");
    if (!pinned.value) state.delete("pinned");
    history.replaceState(null, "", `#${this.root.id}?${state}`);
  }

  // Shows the view of the address, if it has one for this viewer. Names that do not exist are ignored.
  restore() {
    const [, query] = location.hash.split(`#${this.root.id}?`);
    if (!query) return;
    const state = new URLSearchParams(query);
    for (const name of ["mechanism", "condition", "seed", "sentence", "layer", "head", "beside", "view", "pinned"]) {
      if (!state.has(name)) continue;
      const before = this.controls[name].value;
      this.controls[name].value = state.get(name);
      if (!this.controls[name].value) this.controls[name].value = before;
      if (name !== "pinned") this.update();
    }
    this.controls.gold.checked = state.get("gold") !== "no";
    this.draw();
    this.root.scrollIntoView();
  }

  // Both panels as they are shown, in one file with light colours.
  save() {
    const { mechanism, condition, seed, sentence } = this.controls;
    const drawings = this.panels().map((panel) => this.paint(panel, PRINT, 480));
    drawings.forEach((drawing) => highlight(drawing, this.pinned()));
    const name = [mechanism.value, condition.value, `seed ${seed.value}`].filter(Boolean).join(" · ");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([poster(name, drawings)], { type: "image/svg+xml" }));
    link.download = `attention ${name} sentence ${sentence.selectedIndex + 1}.svg`.replaceAll(/[^\p{L}\p{N}.]+/gu, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

// The token that an element of a panel puts into focus: a token itself; the target token of a cell or a line.
function aimed(element) {
  const { side, index, target } = element.closest("[data-side], [data-target]")?.dataset ?? {};
  if (side) return { side, index: Number(index) };
  return target === undefined ? null : { side: "target", index: Number(target) };
}

async function startViewer(root) {
  const data = JSON.parse(root.querySelector("script").textContent);
  if (typeof DecompressionStream === "undefined") {
    const sorry = "This browser is too old for the attention viewer: it cannot unpack its data.";
    root.querySelector(".stage").textContent = sorry;
    return;
  }
  new AttentionViewer(root, data, await unpack(data));
}

document.querySelectorAll(".viewer").forEach(startViewer);
