import re

LONGEST = 300
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "tools"}
ELSEWHERE = {"guards", "opt_in", "parity", "recipes"}  # tests of the whole, and against others

# Spelled in halves, so that this file does not hold what it forbids.
ONE_MACHINE = re.compile(
    "|".join(["/wo" + "rk/", "/ro" + "ot/", r"/ho" + r"me/\w", "/o" + "pt/", r"\.\./sha" + "red"])
)
REGISTRY = re.compile("|".join([r"pypi\.o" + "rg", r"npmjs\.o" + "rg", r"pythonhosted\.o" + "rg"]))


def test_no_module_is_longer_than_a_few_screens(modules, root):
    lengths = {p.relative_to(root): len(p.read_text().splitlines()) for p in modules}
    assert not {path: n for path, n in lengths.items() if n > LONGEST}


def test_no_module_is_a_drawer_for_everything(modules, root):
    names = [path.relative_to(root) for path in modules]
    assert not [path for path in names if VAGUE & {*path.parts[:-1], path.stem}]


def test_every_test_mirrors_the_path_of_the_module_it_tests(modules, root):
    tests = [p.relative_to(root / "tests") for p in modules if p.name.startswith("test_")]
    strays = []
    for path in tests:
        # `benchmarks/` stands beside the library, and its tests among those of the library.
        home = root if path.parts[0] == "benchmarks" else root / "src" / "forethought"
        module = home / path.parent / path.stem.removeprefix("test_")
        if path.parts[0] not in ELSEWHERE and not (
            module.is_dir() or module.with_suffix(".py").is_file()
        ):
            strays.append(path)
    assert not strays


def test_nothing_names_a_path_of_one_machine_or_a_registry(tracked, root):
    found = []
    for path in tracked:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or weights
        for pattern in (ONE_MACHINE, REGISTRY):
            found += [(path.relative_to(root), hit) for hit in pattern.findall(text)]
    assert not found
