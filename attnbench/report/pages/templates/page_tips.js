// Tips: the text of an element with data-tip="…", shown when it is pointed at, touched, or reached with the arrow keys.

const REACH = 18; // pixels around the pointer in which the nearest element is found, because markers are small

function startTips() {
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  document.body.append(tip);
  let told = null;
  let pointer = null; // its position, if the pointer was used

  function hide() {
    told?.classList.remove("told");
    told = null;
    tip.hidden = true;
  }

  function show(element, event = null) {
    pointer = event && new DOMRect(event.clientX - 8, event.clientY - 8, 16, 16);
    if (element !== told) {
      hide();
      if (!element) return;
      told = element;
      told.classList.add("told");
      tip.textContent = element.dataset.tip;
      tip.hidden = false;
    }
    if (told) place();
  }

  function place() {
    const at = pointer ?? told.getBoundingClientRect();
    const left = at.left + at.width / 2 - tip.offsetWidth / 2;
    const above = at.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
  }

  for (const sheet of document.querySelectorAll(".sheet")) {
    const elements = [...sheet.querySelectorAll("[data-tip]")];
    if (!elements.length) continue;
    const stops = points(elements);
    sheet.setAttribute("aria-label", `${sheet.getAttribute("aria-label")}: arrow keys read its values one by one`);
    const point = (event) => show(event.target.closest("[data-tip]") ?? nearest(elements, event), event);
    sheet.addEventListener("pointermove", point);
    sheet.addEventListener("pointerdown", point);
    sheet.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
    sheet.addEventListener("blur", hide);
    sheet.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const next = stepped(stops.indexOf(told), stops.length, event.key);
      if (next === null) return;
      event.preventDefault();
      stops[next].scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
      show(stops[next]);
    });
  }
  addEventListener("scroll", () => (pointer ? hide() : told && place()), { capture: true, passive: true });
  addEventListener("pointerdown", (event) => event.target.closest?.(".sheet") || hide());
}

// A marker and its whiskers have the same text. The one on top stands for all of them.
function points(elements) {
  const found = new Map();
  const panels = [...document.querySelectorAll("[data-panel]")];
  const place = (element) => panels.indexOf(element.closest("[data-panel]"));
  for (const element of elements) found.set(`${place(element)}: ${element.dataset.tip}`, element);
  return [...found.values()];
}

function nearest(elements, { clientX, clientY }) {
  let best = null;
  let least = REACH;
  for (const element of elements) {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const distance = Math.hypot((left + right) / 2 - clientX, (top + bottom) / 2 - clientY);
    if (distance < least) [best, least] = [element, distance];
  }
  return best;
}

// The index that a key moves to, in a row of `count` items with the current one at `index` (-1: none); null: none.
function stepped(index, count, key) {
  const last = count - 1;
  switch (key) {
    case "ArrowRight": case "ArrowDown": return Math.min(index + 1, last);
    case "ArrowLeft": case "ArrowUp": return Math.max(index - 1, 0);
    case "Home": return 0;
    case "End": return last;
    default: return null;
  }
}

startTips();
