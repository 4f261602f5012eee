"""Pages in a headless Chromium, for the tests that click."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="pages are clicked with playwright, which is not installed"
)
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser. The test is skipped without one, or without playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are clicked with playwright: not installed")
    if CHROMIUM is None:
        pytest.skip("pages are clicked in Chromium, which is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, file: Path, *, fragment: str = "", width: int = 1280, **options: Any) -> Iterator[Any]:
    """The page of a file. An error on the page, or a request for another file, fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 800}, **options)
    page = context.new_page()
    page.set_default_timeout(5000)
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{file.as_uri()}{fragment}")
    yield page
    context.close()
    asked = [url for url in requests if not url.startswith(("data:", "blob:"))]
    assert [url.split("#")[0] for url in asked] == [file.as_uri()]
    assert complaints == []


def grave_findings(page: Any) -> list[str]:
    """The serious and critical findings of axe, with their elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python: not installed")
    found = axe.Axe().run(page).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in grave]
