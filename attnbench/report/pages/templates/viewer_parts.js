// Parts of the viewer: its lists, what plays through the words of a target, and a translation with its errors marked.

const PACE = 1400; // milliseconds for a word

// Sets the options of a list, [value, text]. It keeps its value if that still exists. It is hidden without a choice.
function fill(select, options) {
  const wanted = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === wanted)) select.value = wanted;
  select.parentElement.hidden = options.length < 2;
}

const distinct = (values) => [...new Set(values)].map((value) => [value, value]);
const numbered = (count) => Array.from({ length: count }, (_, i) => [`${i + 1}`, `${i + 1}`]);
const choices = (count, all) => (count > 1 ? [["mean", all], ...numbered(count)] : [["mean", all]]);

// A button that goes through the words one by one. `show(index)` shows one, and says whether there is a next one.
class Player {
  constructor(button, show) {
    Object.assign(this, { button, show, timer: null, index: 0 });
    button.addEventListener("click", () => (this.timer ? this.stop() : this.begin()));
  }

  begin() {
    this.index = 0;
    this.timer = setInterval(() => this.step(), PACE);
    this.button.textContent = "■ Stop";
    this.step();
  }

  step() {
    if (!this.show(this.index++)) this.stop();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "▶ Play";
  }
}

// Which words of a translation are in the longest common subsequence with the reference: pairs of places.
function common(words, reference) {
  const lengths = Array.from({ length: words.length + 1 }, () => new Uint16Array(reference.length + 1));
  for (let i = words.length - 1; i >= 0; i--) {
    for (let j = reference.length - 1; j >= 0; j--) {
      lengths[i][j] = words[i] === reference[j]
        ? lengths[i + 1][j + 1] + 1
        : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const found = [];
  for (let i = 0, j = 0; i < words.length && j < reference.length;) {
    if (words[i] === reference[j]) found.push([i++, j++]);
    else if (lengths[i + 1][j] >= lengths[i][j + 1]) i++;
    else j++;
  }
  return found;
}

// A line with the translation by a model. Words that the reference lacks are marked, and words that it lacks are struck.
function marked(name, translation, target) {
  const words = translation.split(/\s+/).filter(Boolean);
  const reference = target.filter((token) => token !== "</s>");
  const row = document.createElement("p");
  const title = document.createElement("b");
  title.textContent = `${name} translates: `;
  row.append(title);
  const add = (tag, text) => row.append(Object.assign(document.createElement(tag), { textContent: text }), " ");
  let [i, j] = [0, 0];
  for (const [here, there] of [...common(words, reference), [words.length, reference.length]]) {
    for (; i < here; i++) add("mark", words[i]);
    for (; j < there; j++) add("del", reference[j]);
    if (here < words.length) add("span", words[here]);
    [i, j] = [here + 1, there + 1];
  }
  return row;
}
