// Tables: a click on a heading sorts them; long tables can be filtered by words.

const LONGER = 12; // rows: a longer table can be filtered
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

// A search box above a table. A row stays if it has all words that were typed.
function makeFilterable(table, region) {
  const rows = [...table.tBodies[0].rows];
  const text = (row) => [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
  const texts = new Map(rows.map((row) => [row, text(row)]));
  const box = document.createElement("div");
  const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "Filter rows" });
  const count = document.createElement("output");
  input.setAttribute("aria-label", `Filter the rows of ${region.getAttribute("aria-label")}`);
  count.setAttribute("aria-live", "polite");
  count.textContent = `${rows.length} rows`;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    rows.forEach((row) => { row.hidden = !words.every((word) => texts.get(row).includes(word)); });
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown < rows.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  });
  box.className = "filter";
  box.append(input, count);
  region.before(box);
}

for (const region of document.querySelectorAll(".scroll")) {
  const table = region.querySelector("table");
  const rows = [...table.tBodies[0].rows];
  // A row that begins with an empty cell continues the row above it. Such a table is neither sorted nor filtered.
  if (rows.some((row) => row.cells[0].textContent === "")) continue;
  if (rows.length > 1) makeSortable(table);
  if (rows.length > LONGER) makeFilterable(table, region);
}
