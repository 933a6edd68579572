"""A name that somebody chose to run in whoever's browser shows it, and whether a page lets it."""

NAME = "<script>alert('eve')</script>"


def assert_harmless(page: str) -> None:
    """The page is whole, and shows the name as words."""
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page
