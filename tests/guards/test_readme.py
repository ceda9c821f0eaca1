import re

LONGEST = 120
LINK = re.compile(r"(?:\]\(|(?:src|href)=\")(?!https?:|#|mailto:)([^)#\"\s]+)")

ANCHOR = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*\.md)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text().splitlines()) <= LONGEST


def test_every_relative_link_in_a_page_leads_somewhere(tracked, root):
    broken = [
        (str(page.relative_to(root)), link)
        for page in tracked
        if page.suffix == ".md"
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken


def test_every_link_to_a_heading_leads_to_one(tracked, root):
    broken = [
        (str(page.relative_to(root)), link, anchor)
        for page in tracked
        if page.suffix == ".md"
        for link, anchor in ANCHOR.findall(page.read_text())
        if anchor not in anchors(page.parent / link)
    ]
    assert not broken


def test_the_readmes_families_are_the_registrys(root, capsys):
    from forethought.cli.families import families

    families(markdown=True)
    assert capsys.readouterr().out in (root / "README.md").read_text()
