// Tables: a click on a heading sorts them; long ones can be filtered by words; wide ones show their first columns.

const LONGER = 12; // rows: a longer table can be filtered
const COLUMNS = 6; // more are shown on request
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// The sort key of a cell: its number before rounding, its text, or null for an empty cell.
function sortingKey(cell) {
  const key = cell.dataset.key;
  if (key === undefined) return cell.textContent;
  return key === "" ? null : Number(key);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(a, b);
}

// Rows in the order of one column. Rows without a value are last in both directions; equal rows keep their order.
function sorted(rows, column, direction) {
  const keyed = rows.map((row) => [sortingKey(row.cells[column]), row]);
  const present = keyed.filter(([key]) => key !== null);
  const missing = keyed.filter(([key]) => key === null);
  const sign = direction === "ascending" ? 1 : -1;
  present.sort(([a], [b]) => sign * compare(a, b));
  return [...present, ...missing].map(([, row]) => row);
}

function makeSortable(table) {
  const original = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const next = { none: "ascending", ascending: "descending", descending: "none" };
  heads.forEach((head, column) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const direction = next[head.getAttribute("aria-sort") ?? "none"];
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      if (direction !== "none") head.setAttribute("aria-sort", direction);
      table.tBodies[0].append(...(direction === "none" ? original : sorted(original, column, direction)));
    });
  });
}

// A search box above a table. A row stays if it has all words that were typed; those of its mechanisms' factors count.
function makeFilterable(table, region) {
  const rows = [...table.tBodies[0].rows];
  const factors = (row) => [...row.querySelectorAll('a[href^="#m-"]')].flatMap((link) => [
    ...(mechanismWords.get(link.textContent) ?? []),
  ]);
  const words = (row) => new Set([...[...row.cells].flatMap((cell) => wordsOf(cell.textContent)), ...factors(row)]);
  const said = new Map(rows.map((row) => [row, words(row)]));
  const known = new Set([...said.values()].flatMap((its) => [...its]));
  const box = document.createElement("div");
  const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "Filter rows" });
  const count = document.createElement("output");
  input.setAttribute("aria-label", `Filter the rows of ${region.getAttribute("aria-label")}`);
  count.setAttribute("aria-live", "polite");
  count.textContent = `${rows.length} rows`;
  input.addEventListener("input", () => {
    const test = asked(input.value, known);
    rows.forEach((row) => { row.hidden = !test(said.get(row)); });
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown < rows.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  });
  box.className = "filter";
  box.append(input, count);
  region.before(box);
}

// A button that shows the columns after the first few.
function makeNarrow(table, region) {
  const count = table.tHead.rows[0].cells.length;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "columns" });
  const show = (few) => {
    table.classList.toggle("few", few);
    button.textContent = few ? `Show all ${count} columns` : `Show ${COLUMNS} columns`;
    button.setAttribute("aria-expanded", !few);
  };
  button.addEventListener("click", () => show(!table.classList.contains("few")));
  show(true);
  region.before(button);
}

// On a narrow screen, a row is a card, and each of its numbers has the name of its column.
function nameCells(table) {
  const titles = [...table.tHead.rows[0].cells].map((head) => head.textContent);
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, column) => { cell.dataset.title = titles[column]; });
  }
}

// A table that is wider than the page scrolls sideways.
const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const region = target.closest(".scroll");
    region.classList.toggle("scrolls", target.offsetWidth > region.clientWidth + 1);
  }
});

for (const region of document.querySelectorAll(".scroll")) {
  const table = region.querySelector("table");
  const rows = [...table.tBodies[0].rows];
  nameCells(table);
  if (table.tHead.rows[0].cells.length > COLUMNS) makeNarrow(table, region);
  fitting.observe(table);
  // A row that begins with an empty cell continues the row above it. Such a table is neither sorted nor filtered.
  if (rows.some((row) => row.cells[0].textContent === "")) continue;
  if (rows.length > 1) makeSortable(table);
  if (rows.length > LONGER) makeFilterable(table, region);
}
