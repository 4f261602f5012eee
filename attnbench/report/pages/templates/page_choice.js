// Which mechanisms and which condition are shown: rows of others are hidden, and others are pale in figures.

// The mechanism of a mark in a figure: it is said, or it is the start of the text on hover.
function nameOn(mark) {
  const { of, tip } = mark.dataset;
  const starts = tip ? [tip, tip.split(": ")[0], tip.split(", ")[0]] : [];
  return [of, ...starts].find((name) => mechanismWords.has(name));
}

function startChoice(form) {
  const known = new Set([...mechanismWords.values()].flatMap((words) => [...words]));
  const told = form.querySelector("output");
  const { words, condition } = form.elements;
  const rows = [...document.querySelectorAll("main table")].flatMap((table) => {
    const place = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent.trim() === "Condition");
    return [...table.tBodies[0].rows].map((row) => ({
      row,
      names: [...row.querySelectorAll('a[href^="#m-"]')].map((link) => link.textContent),
      condition: place < 0 ? null : row.cells[place].textContent,
    }));
  });
  const marks = [...document.querySelectorAll(".sheet :is([data-of], [data-tip])")].map((mark) => [mark, nameOn(mark)]);
  const panels = [...document.querySelectorAll(".sheet [data-panel]")];
  const conditions = new Set([...(condition?.options ?? [])].map((option) => option.value).filter(Boolean));

  function choose() {
    const test = asked(words.value, known);
    const shown = new Set([...mechanismWords].filter(([, its]) => test(its)).map(([name]) => name));
    const here = condition?.value ?? "";
    for (const each of rows) {
      const other = each.names.length > 0 && !each.names.some((name) => shown.has(name));
      each.row.classList.toggle("away", other || Boolean(here && each.condition !== null && each.condition !== here));
    }
    for (const [mark, name] of marks) mark.classList.toggle("away", Boolean(name) && !shown.has(name));
    for (const panel of panels) {
      const its = [...conditions].find((name) => panel.dataset.panel.split(", ").includes(name));
      panel.classList.toggle("away", Boolean(here && its && its !== here));
    }
    for (const card of document.querySelectorAll(".cards [data-name]")) card.hidden = !shown.has(card.dataset.name);
    const all = mechanismWords.size;
    const what = shown.size < all ? `${shown.size} of ${all} mechanisms are shown, in all tables and figures.` : "";
    told.textContent = shown.size ? what : "No mechanism has these words.";
    document.dispatchEvent(new CustomEvent("choice", { detail: { shown, condition: here } }));
  }

  form.addEventListener("input", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

// A click on a mechanism's name in a figure leads to its card.
document.addEventListener("click", (event) => {
  const name = event.target.closest?.(".sheet [data-of]:not([data-tip])")?.dataset.of;
  const card = name && [...document.querySelectorAll(".cards [data-name]")].find((each) => each.dataset.name === name);
  if (card) location.hash = card.id;
});

document.querySelectorAll(".choice").forEach(startChoice);
