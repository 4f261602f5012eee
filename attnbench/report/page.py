"""The document as one HTML page that needs nothing but itself."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from attnbench.report.document import Document


def page(document: Document) -> str:
    """The page's text. Figures are data URIs, which keeps the names inside one drawing apart from those of the next."""
    loader = PackageLoader("attnbench.report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = _data_uri
    return environment.get_template("page.html.j2").render(document.plain())


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
