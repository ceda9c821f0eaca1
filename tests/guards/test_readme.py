import re

LONGEST = 120
LINK = re.compile(r"(?:\]\(|(?:src|href)=\")(?!https?:|#|mailto:)([^)#\"\s]+)")


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


def test_the_readmes_families_are_the_registrys(root, capsys):
    from forethought.cli.families import families

    families(markdown=True)
    assert capsys.readouterr().out in (root / "README.md").read_text()
