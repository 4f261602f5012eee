// Words that choose: whole words, or a factor with its value ("heads=4"). A word that nothing has stands for all words
// that begin with it, so that something is shown while it is typed.

const wordsOf = (text) => text.toLowerCase().split(/[\s·,;()[\]]+/).filter(Boolean);

// A test of sets of words: whether one has all words of the query. `known` are the words of all sets.
function asked(query, known) {
  const wanted = query.toLowerCase().split(/[\s·]+/).filter(Boolean);
  const has = (words, word) => (known.has(word) ? words.has(word) : [...words].some((each) => each.startsWith(word)));
  return (words) => wanted.every((word) => has(words, word));
}

// By name of a mechanism, the words of its card.
const mechanismWords = new Map(
  [...document.querySelectorAll(".cards [data-name]")].map((card) => [
    card.dataset.name, new Set(card.dataset.words.toLowerCase().split(" ")),
  ]),
);
