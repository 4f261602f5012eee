"""The document as one HTML page that needs no other file: styles, scripts and drawings are inside."""

import re
from collections.abc import Iterable, Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from attnbench.report.document import Cards, Document, Figure
from attnbench.report.pages.names import anchors, cell_linker, prose_linker
from attnbench.report.pages.print_limits import ON_PAGE, first_rows

GREY = re.compile(r"#([0-9a-f]{2})\1\1\b")
DARK = (0xF0, 0xF2, 0xF5), (0x16, 0x18, 0x1C)  # what black and white become on a dark page


def page(document: Document) -> str:
    """The text of the page."""
    content = document.plain()
    for section in content["sections"]:
        section["blocks"] = [
            first_rows(block, ON_PAGE) if block["kind"] == "table" else block for block in section["blocks"]
        ]
    greys = {"ff"}  # the background of the figures
    for svg in _drawings(document):
        greys.update(GREY.findall(svg))
    loader = PackageLoader("attnbench.report.pages")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["inline"] = inline
    environment.filters["themed"] = lambda svg: Markup(GREY.sub(r"var(--grey-\1)", svg))
    names = anchors(content["sections"])
    environment.filters |= {"named": cell_linker(names), "telling": prose_linker(names)}
    return environment.get_template("page.html.j2").render(content, greys=_on_dark(greys))


def _drawings(document: Document) -> Iterator[str]:
    """The SVG of all figures, and of the signs of all mechanisms."""
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                yield block.drawing.svg
            elif isinstance(block, Cards):
                yield from (card.sign for card in block.items)


def inline(svg: str, name: str, alt: str) -> Markup:
    """A drawing as a part of the page.

    Its ids begin with `name`, because those of two drawings would clash; those that nothing refers to are left out. Its
    greys become variables, which a dark page sets to other colours. Styles for all elements are restricted to its own.

    Args:
        svg: as matplotlib writes it.
        name: of the figure; a short one, as each part of the drawing has it.
        alt: what it shows, for those who cannot see it.
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.S)
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><")
    used = set(re.findall(r"""(?:href="#|url\(#)([^")]+)""", svg))
    svg = re.sub(r"""\sid="([^"]*)\"""", lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"""(\sid="|href="#|url\(#)""", rf"\g<1>{name}-", svg)
    svg = re.sub(r"""(?<=\sstyle=")[^"]*""", lambda found: re.sub(r"([;:]) ", r"\1", found[0]), svg)
    svg = GREY.sub(r"var(--grey-\1)", svg)
    root = Markup('<svg role="img" aria-label="{}" stroke-linejoin="round" style="--width: {}" viewBox="0 0 {} {}">')

    def begin(found: re.Match[str]) -> str:
        width, height = found.groups()
        return root.format(alt, width, width, height)

    return Markup(re.sub(r'<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', begin, svg, count=1))


def _on_dark(greys: Iterable[str]) -> dict[str, str]:
    """Each grey, given by the two digits of its channels, and the colour that replaces it on a dark page."""
    black, white = DARK
    found = {}
    for grey in sorted(greys):
        lightness = int(grey, 16) / 255
        channels = (round(low + lightness * (high - low)) for low, high in zip(black, white, strict=True))
        found[grey] = "#" + "".join(f"{channel:02x}" for channel in channels)
    return found
