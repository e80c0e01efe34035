"""The page as a file: all sections, every row, a dictionary of columns, digests; nothing from outside."""

import csv
import json
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from snn.page.index import Listed, index
from snn.page.shown import in_own_unit
from snn.page.sources import script
from snn.page.write import ORDER, code
from snn.report import standings
from snn.report.answer import Answer
from snn.report.canvas import MARKERS
from snn.report.dearer import dearer
from snn.report.metric import SHOWN
from snn.report.sections import Section, sections
from tests.page.pages import MARKUP, METHODS, digest, html, rows

VOID = {"meta", "link", "input", "br", "img"}


class Parsed(HTMLParser):
    """Elements of a page as (tag, attributes, texts inside), and whether every one was closed."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.open: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        texts: list[str] = []
        self.found.append((tag, dict(attrs), texts))
        if tag not in VOID:
            self.open.append((tag, texts))

    def handle_endtag(self, tag):
        if tag == "path":
            return
        while self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, texts in self.open:
            texts.append(data)

    def all(self, tag: str, **attributes: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (given, "".join(texts).strip())
            for name, given, texts in self.found
            if name == tag and all(given.get(key) == value for key, value in attributes.items())
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def text(folder) -> str:
    return html(folder)


@pytest.fixture(scope="module")
def parsed(text) -> Parsed:
    return Parsed(text)


def part(text: str, name: str) -> Parsed:
    """One table of the page."""
    return Parsed(text.partition(f'id="table-{name}"')[2].partition("</table>")[0])


def test_every_section_and_every_id_is_there_once(parsed):
    ids = [given["id"] for _, given, _ in parsed.found if given.get("id")]
    assert len(set(ids)) == len(ids)
    names = {name for name, *_ in ORDER} - {"published"}  # this experiment has no published figure
    assert names | {"answer", "recommend", "about"} == {given["id"] for given, _ in parsed.all("section")}
    links = {given["href"] for given, _ in parsed.all("a")}
    assert {f"#{name}" for name in names} <= links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_every_section_of_the_report_with_a_table_has_a_place_on_the_page():
    assert {s.name for s in sections() if "table" in s.parts} <= {name for name, *_ in ORDER}


@pytest.mark.parametrize("name", ["claims", "comparisons", "ratios", "energy", "hardware", "steps", "summary"])
def test_every_row_of_a_table_is_on_the_page_with_all_its_digits(name, text, folder):
    rows = list(csv.DictReader(StringIO((folder / f"{name}.csv").read_text())))
    shown = part(text, name)
    heads = [given["data-name"] for given, _ in shown.all("th")]
    assert len(shown.all("tr")) == len(rows) + 1
    cells = shown.all("td")
    for i, row in enumerate(rows):
        for head, (given, words) in zip(heads, cells[i * len(heads) : (i + 1) * len(heads)], strict=True):
            if "number" in (given.get("class") or "") and row[head]:
                assert float(given["data-order"]) == float(row[head])
            else:
                assert words == {"True": "yes", "False": "no"}.get(row[head], row[head])


@pytest.mark.parametrize("section", [s for s in sections() if "table" in s.parts], ids=lambda s: s.name)
def test_every_header_explains_its_column_and_unit(section, text):
    described = section.load("table").COLUMNS
    for given, _ in part(text, section.name).all("th"):
        assert given["title"].startswith(described[given["data-name"]].meaning)


def test_captions_are_those_of_the_report(text):
    for _, _, source in ORDER:
        if source and source != "published":
            title = Section(source).title.replace("``", "").split(",")[0]
            assert title.split("*")[0].strip() in " ".join(re.sub("<[^>]+>", "", text).split())


def test_methods_are_ranked_by_their_mean_and_the_teacher_is_among_them(text):
    shown = part(text, "ranked")
    column = [given["data-name"] for given, _ in shown.all("th")].index("value_test_mean")
    rows = [list(row) for row in zip(*[iter(shown.all("td"))] * len(shown.all("th")), strict=True)]
    assert {row[0][1] for row in rows} == {"ann", *METHODS}
    means = [float(row[column][0]["data-order"]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert means[0] > means[-1]


def test_digests_commits_and_seeds_of_every_run_are_behind_its_cells(text):
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    for method in METHODS:
        for seed in (0, 1):
            run = data["runs"][digest(method, seed)]
            assert run["path"].endswith(f"{method}/T4/s{seed}-{digest(method, seed)}")
            assert data["values"][run["commit"]] == "c" * 40
    behind = [given["data-behind"].split() for given, _ in part(text, "hardware").all("tr") if given.get("data-behind")]
    groups = [[data["groups"][int(index)] for index in row] for row in behind]
    assert all([group["on"].split()[0] for group in row] == ["clean", "noisy", "calibrated"] for row in groups)
    assert all({seed for seed, *_ in group["seeds"]} == {0, 1} for row in groups for group in row)
    assert data["values"][data["runs"][digest("a", 0)]["parameters"]] == {"steps": 4}
    assert data["values"][data["runs"][digest("b", 0)]["parameters"]] is None


def test_values_of_seeds_on_the_page_have_the_mean_of_their_row(text, folder):
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    rows = list(csv.DictReader(StringIO((folder / "summary.csv").read_text())))
    behind = [given["data-behind"] for given, _ in part(text, "summary").all("tr") if given.get("data-behind")]
    for row, group in zip(rows, behind, strict=True):
        seeds = data["groups"][int(group)]["seeds"]
        mean = sum(test for _, _, test, *_ in seeds) / len(seeds)
        assert mean == pytest.approx(float(row["value_test_mean"]), rel=1e-8)


def test_nothing_is_loaded_from_outside_and_a_policy_forbids_it(text, parsed):
    assert [given for tag, given, _ in parsed.found if "src" in given or given.get("href", "#")[:1] not in "#d"] == []
    policy = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})[0][0]["content"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert not re.search(r"@import|url\(", text.partition("</style>")[0])


def test_text_from_files_is_escaped(text):
    assert MARKUP not in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("<script") - text.partition('<script type="module">')[2].count("<script") == 2


def test_the_same_tables_give_the_same_bytes_and_a_page_is_small(text, tmp_path):
    assert html(tmp_path) == text
    assert len(text.encode()) < 2_000_000


def test_a_page_of_stale_tables_says_so(tmp_path):
    assert "Made by commit abc" in html(tmp_path, mark="Made by commit abc; code has changed since.")


def test_what_stands_between_backticks_is_code_and_the_rest_is_no_markup(parsed):
    (answer,) = parsed.all("dl", **{"class": "answer"})
    assert "docs/results/claims.md" in answer[1]
    assert "docs/results/claims.md" in {words for _, words in parsed.all("code")}
    assert not [words for _, words in parsed.all("dd") if "`" in words]
    assert code(f"`a<b` *{MARKUP}*") == "<code>a&lt;b</code> *&lt;script&gt;alert(1)&lt;/script&gt; &amp; more*"


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> str:
    """A page with three kinds of noise, one of them given in bits."""
    return html(tmp_path_factory.mktemp("report"), noises=("mismatch", "mismatch_released", "quantisation"))


def test_the_plot_of_bits_has_the_clean_network_apart_and_that_of_a_mismatch_at_0(many):
    drawn = json.loads(many.partition('id="data">')[2].partition("</script>")[0])["plots"]
    (plot,) = (plot for plot in drawn if plot["name"] == "hardware")
    for panel in plot["panels"]:
        own = panel["title"].startswith("quantisation")
        assert panel["x"]["label"] == ("bits" if own else "relative standard deviation")
        places = {point[0] for series in panel["series"] for point in series["points"]}
        assert places == set(panel["x"]["ticks"])
        assert (0 in places, panel["x"].get("none") == max(places)) == (not own, own)


def test_errors_are_ranked_from_the_lowest_and_a_page_without_chips_has_no_section_of_them(tmp_path):
    text = html(tmp_path, metric="mse", noises=())
    assert "lowest test mean squared error" in text
    assert 'id="hardware"' not in text
    assert "Nothing to show in this experiment: " in text


def test_many_kinds_of_noise_are_told_in_one_paragraph_and_few_in_one_each(text, many):
    assert [words for _, words in Parsed(text).all("dt") if words.startswith("Chips")] == ["Chips with mismatch"]
    assert [words for _, words in Parsed(many).all("dt") if words.startswith("Chips")] == ["Chips"]
    assert "3 kinds of noise" in many


@pytest.fixture(scope="module")
def answer(folder, text) -> Answer:
    return Answer(rows(), {s.name: pd.read_csv(folder / s.file("table")) for s in sections() if "table" in s.parts})


def test_a_pair_that_was_asked_for_is_read_off_its_row_from_both_sides(answer):
    for row in answer.tables["comparisons"].itertuples():
        one, other = answer.versus(row.left, row.right), answer.versus(row.right, row.left)
        assert one.asked
        assert (one.difference, other.difference) == (row.difference, -row.difference)
        opposite = {"better": "worse", "worse": "better"}
        assert other.verdict == opposite.get(one.verdict, one.verdict)
        assert (one.verdict == "better") == (row.better == row.left)


def test_a_pair_that_was_not_asked_for_gets_the_verdict_that_its_row_would_have(answer):
    row = answer.tables["comparisons"].query("left == 'a' and right == 'b'").iloc[0]
    rest = {**answer.tables, "comparisons": answer.tables["comparisons"][:0]}
    found = Answer(answer.inputs, rest).versus("a", "b")
    asked = answer.versus("a", "b")
    assert not found.asked
    assert found.verdict == asked.verdict
    assert found.difference == pytest.approx(row.difference)


def test_the_table_of_what_is_first_where_says_what_the_sentences_and_the_ranking_of_chips_say(answer):
    clean, *chips = standings.rows(answer)
    assert clean.no_worse == [
        m for m in answer.spiking if m == answer.best or answer.versus(m, answer.best).verdict != "worse"
    ]
    assert answer.value(answer.best) in clean.first
    hardest = answer.chips.hardest["mismatch"]
    levels = [level for _, level in answer.chips.kinds]
    assert levels[-1] == hardest
    wheres = ("chips as manufactured", "calibrated chips")
    assert [row.where for row in chips] == [f"{where}, mismatch at level {x:g}" for where in wheres for x in levels]
    kinds = [(level, where == "calibrated chips") for where in wheres for level in levels]
    for row, (level, calibrated) in zip(chips, kinds, strict=True):
        ranked = answer.chips.ranked("mismatch", level, calibrated)
        assert row.no_worse == list(ranked.method[ranked.verdict != "worse"])


def test_where_no_method_is_above_chance_nothing_is_first(answer):
    summary = answer.tables["summary"].assign(flags="n < 5, at chance")
    assert list(standings.rows(Answer(answer.inputs, {**answer.tables, "summary": summary}))) == []


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"column": "energy_nj_horowitz45_fp32", "of": "difference"}, "1,523 nJ"),
        ({"column": "acs"}, "1,523 operations"),
        ({"column": "energy_nj", "of": "ratio"}, "1,523 times"),
        ({"metric": "speed-up"}, "1,523"),
    ],
)
def test_a_cell_that_is_not_in_the_unit_of_its_column_names_its_own(record, shown):
    assert in_own_unit(1522.8, record, SHOWN["accuracy"]) == shown


def test_where_no_method_is_above_chance_the_answer_is_that_alone(answer):
    summary = answer.tables["summary"].assign(flags="n < 5, at chance")
    ((heading, text),) = Answer(answer.inputs, {**answer.tables, "summary": summary}).sentences()
    assert heading == "Best rule"
    assert text.startswith("No spiking method can be told apart from chance: the highest test mean is ")


@pytest.mark.parametrize("verdict", ["not resolved", "better"])
def test_what_is_not_resolved_is_told_in_the_word_of_the_tables(answer, verdict):
    rows = answer.tables["comparisons"].assign(verdict="not resolved", better=None)
    if verdict == "better":
        rows = rows.assign(verdict=rows.left + " is better", better=rows.left)
    found = Answer(answer.inputs, {**answer.tables, "comparisons": rows})
    assert f"{verdict}: a and b." in dict(found.sentences())["Against the teacher ANN"]
    assert ("is not resolved." in dict(found.sentences())["Best rule"]) == (verdict == "not resolved")


def energies(**ratios):
    """Rows of energy.csv: of a method by convention, the ratio to the teacher and both ends of its interval."""
    rows = pd.DataFrame(ratios.values(), columns=["of_teacher", "of_teacher_low", "of_teacher_high"], dtype=float)
    return rows.assign(convention=list(ratios), method="a")


@pytest.mark.parametrize(
    ("ratios", "text"),
    [
        ({"x": (1.2, 1.1, 1.3), "y": (0.9, 0.8, 1.0 - 1e-9)}, "More than the teacher: a under x."),
        ({"x": (1.02, 0.99, 1.05)}, "Not resolved whether more: a under x."),
        (
            {"x": (1.2, 1.1, 1.3), "y": (0.98, 0.9, 1.1), "z": (0.5, 0.4, 0.6)},
            "More than the teacher: a under x. Not resolved whether more: a under y.",
        ),
        ({"x": (0.9, 0.8, 0.95)}, "They need less under every convention."),
        ({"x": (1.2, None, None)}, "More than the teacher: a under x."),
    ],
)
def test_who_needs_more_energy_than_the_teacher_is_read_off_intervals(ratios, text):
    assert dearer(energies(**ratios)) == text


def test_collapsed_seeds_are_told_beside_the_best_rule(answer):
    summary = answer.tables["summary"].assign(flags="n < 5, 2 collapsed, layer 3 silent")
    text = dict(Answer(answer.inputs, {**answer.tables, "summary": summary}).sentences())["Best rule"]
    assert "a (2 of " in text
    assert "Collapsed" in text
    assert "Collapsed" not in dict(answer.sentences())["Best rule"]


def test_the_index_links_pages_and_lists_stale_tables_with_their_mark():
    names = ("one", "Why?", "d", "n", 3, 5)
    text = index(
        [
            Listed(*names, "a is best", "2026-01-02 abcdef1", "one.html", ""),
            Listed("two", *names[1:], "", "", "", "Made by x <y>."),
        ]
    )
    parsed = Parsed(text)
    assert [given["href"] for given, _ in parsed.all("a")] == ["one.html"]
    assert "Made by x &lt;y&gt;." in text
    one = {given.get("id"): words for given, words in parsed.all("tr")}["one"]
    assert all(words in one for words in ("one", "Why?", "a is best", "2026-01-02 abcdef1"))
    assert {given["id"] for given, _ in parsed.all("tr") if "id" in given} == {"one", "two"}


def test_the_page_can_draw_the_marker_of_every_method():
    marks = script().partition("const MARKS = {")[2].partition("};")[0]
    assert set(re.findall(r'"?(\S)"?: "M', marks)) == set(MARKERS)
