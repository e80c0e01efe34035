"""Pages in headless Chromium, by make page-test: network, console, mouse, keyboard, phone, print, dark mode, axe-core.

Skipped where Playwright or Chromium is missing. Two pages: one of rows by hand, and that of `digits` if it is here.
"""

import csv
import json
import math
import random
import re
import shutil
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from snn.cli import actions
from snn.cli.parse import parser
from snn.core.paths import ROOT
from snn.page import packed
from snn.report import advice
from snn.report.candidates import Candidates
from snn.report.place import Place
from snn.report.recommend import Bounds, in_order, ranked
from snn.report.recommend import cells as cells_of
from snn.report.recommend import every as every_row
from snn.report.select import own_steps
from tests.page.pages import digest, html, rows

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
DIGITS = ROOT / "results/report/digits.html"
SLOWEST = 300_000  # milliseconds; beside other work a page opens slowly
LOCAL = ("file:", "data:", "blob:")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "x.html"
    path.write_text(html(folder))
    return path


@pytest.fixture(scope="module", params=["by hand", "digits"])
def path(request, made) -> Path:
    if request.param == "digits" and not DIGITS.is_file():
        pytest.skip("the page of digits is not here")
    return DIGITS if request.param == "digits" else made


@pytest.fixture
def opened(browser):
    """Opens a page; when the test ends, nothing was requested and nothing written to the console."""
    contexts, noise = [], []

    def open_(path: Path, viewport=None, **options):
        context = browser.new_context(viewport=viewport or WIDE, accept_downloads=True, **options)
        contexts.append(context)
        context.set_default_timeout(SLOWEST)
        page = context.new_page()
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request", lambda sent: noise.extend([sent.url] * (not sent.url.startswith(("file:", "data:", "blob:"))))
        )
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]")
        page.wait_for_selector("figure.plot svg path.mark", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert noise == []


def cells(page, name: str, column: str) -> list[str]:
    """A column of a table, as it is shown."""
    heads = [head.get_attribute("data-name") for head in page.query_selector_all(f"#table-{name} thead th")]
    rows = page.query_selector_all(f"#table-{name} tbody tr[data-behind]")
    return [row.query_selector_all("td")[heads.index(column)].inner_text() for row in rows]


def sorter(page, column: str):
    return page.locator(f'#table-ranked th[data-name="{column}"] [role=button]')


def test_a_page_opens_without_a_request_and_without_a_word_on_the_console(opened, path):
    page = opened(path)
    assert page.locator("#answer dl.answer dd").count() >= 2
    assert page.locator("figure.plot svg[role=img]").count() == page.locator("figure.plot").count() > 4


def test_the_answer_links_the_documentation_where_the_page_lies_in_a_checkout_and_names_it_elsewhere(
    opened, made, tmp_path
):
    beside, page_of_claims = tmp_path / "results/report/x.html", tmp_path / "docs/results/claims.md"
    for path in (beside, page_of_claims):
        path.parent.mkdir(parents=True)
    shutil.copy(made, beside)
    links = opened(beside).locator("dl.answer a")
    assert links.evaluate_all("all => all.map((one) => one.href)") == [page_of_claims.as_uri()]
    assert links.all_inner_texts() == ["docs/results/claims.md"]
    elsewhere = opened(made).locator("dl.answer")
    assert (elsewhere.locator("a").count(), elsewhere.locator("code").count()) == (0, 1)


def test_tables_sort_by_mouse_and_by_keyboard(opened, path):
    page = opened(path)
    page.locator('#table-ranked th[data-name="energy_nj"]').click()
    values = [float(text.replace(",", "")) for text in cells(page, "ranked", "energy_nj")]
    assert values == sorted(values)
    sorter(page, "value_test_mean").focus()
    page.keyboard.press("Enter")
    values = [float(text) for text in cells(page, "ranked", "value_test_mean")]
    assert values == sorted(values)
    page.keyboard.press("Enter")
    assert [float(text) for text in cells(page, "ranked", "value_test_mean")] == sorted(values, reverse=True)


def test_tables_filter_by_words_and_by_choice_and_group(opened, made):
    page = opened(made)
    page.get_by_role("searchbox", name="Search in All conditions").fill("calibrated")
    assert set(cells(page, "summary", "condition")) == {"calibrated"}
    page.get_by_role("searchbox", name="Search in All conditions").fill("")
    tools = page.get_by_role("group", name="Tools of the table All conditions")
    tools.get_by_label("Show only one condition").select_option(label="int8")
    assert set(cells(page, "summary", "condition")) == {"int8"}
    tools.get_by_label("Show only one condition").select_option(index=0)
    tools.get_by_label("Group rows").select_option(label="by condition")
    groups = page.locator("#table-summary tr.dtrg-group").all_inner_texts()
    assert [group.strip() for group in groups] == ["calibrated", "clean", "int8", "noisy"]


def test_a_cell_opens_a_drawer_with_the_runs_behind_it_and_the_commands_that_lead_to_them(opened, made):
    page = opened(made)
    drawer = page.locator("#drawer")
    page.locator('#table-ranked tr[data-methods="a"] td').nth(2).click()
    words = drawer.inner_text()
    assert all(digest("a", seed) in words for seed in (0, 1))
    assert digest("b", 0) not in words
    assert "c" * 7 in words
    assert "python -m snn trace x a value_test" in words
    assert "snn show" not in words  # needs the run, which a fresh clone has not
    drawer.get_by_text("The run itself (seed 0)").first.click()
    words = drawer.inner_text()
    assert f"results/runs/d/n/a/T4/s0-{digest('a', 0)}/net.safetensors" in words
    assert words.index("A fresh clone has tables, but no runs") < words.index("snn show")
    drawer.get_by_text("Parameters, versions and machine").first.click()
    assert '"steps": 4' in drawer.inner_text()
    page.keyboard.press("Escape")
    assert not drawer.is_visible()
    page.locator("#table-hardware tbody tr").first.locator("td").nth(3).click()
    words = drawer.inner_text()
    assert "python -m snn trace x a value_test --steps 4 --noise mismatch --level 0.2 --no-calibration" in words
    assert len(re.findall("snn trace", words)) == 1


def test_large_parts_are_unpacked_and_are_the_same_as_in_a_page_that_packs_nothing(opened, made, tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 3_000)
    path = tmp_path / "packed.html"
    path.write_text(html(tmp_path))
    small, plain = opened(path), opened(made)
    assert "data-packed" in path.read_text()
    assert "data-packed" not in made.read_text()
    table = small.locator("#table-summary")
    assert table.locator("tbody tr").count() == 0
    assert small.get_by_text("rows, which scripts unpack").last.is_visible()
    table.scroll_into_view_if_needed()
    table.locator("tbody tr").first.wait_for(timeout=SLOWEST)
    assert table.locator("tbody tr").all_inner_texts() == plain.locator("#table-summary tbody tr").all_inner_texts()
    table.locator("tbody td").nth(9).click()
    assert small.locator("#drawer").is_visible()
    small.keyboard.press("Escape")
    small.emulate_media(media="print")
    assert small.get_by_text("rows are not printed").last.is_visible()
    assert not table.locator("tbody tr").first.is_visible()


MEANS = {  # columns of tables that show a mean of what trace prints, with the factor of the metric
    **dict.fromkeys(
        ("value_test_mean", "value_val_mean", "clean", "noisy", "calibrated", "value_test_of_teacher"), 100
    ),
    **dict.fromkeys(("energy_nj", "teacher_nj", "nj_at_equal_accuracy", "acs", "spikes", "macs_once"), 1),
    "value_test_at_equal_energy": 100,
    "test": 100,
    "energy": 1,
}


def printed(command: str, runs: pd.DataFrame) -> tuple[str, float | None]:
    """The column and the mean that a command of a drawer prints: over seeds, of each the mean over its chips."""
    options = parser().parse_args(command.split()[3:])
    own = runs[runs.method == options.method]
    own = own_steps(own) if options.steps is None else actions.place(options, options.steps).rows(own)
    number = own[options.column].dtype.kind in "if"
    return options.column, float(own.groupby("seed")[options.column].mean().mean()) if number else None


def test_a_command_behind_a_cell_prints_the_number_that_was_clicked_or_what_it_is_made_of(opened, made):
    page, runs = opened(made), rows().runs
    seen, among = set(), random.Random(0)
    for table in ("ranked", "energy", "hardware", "steps", "summary", "comparisons", "claims", "ratios", "recommend"):
        lines = page.locator(f"#table-{table} tbody tr")
        heads = page.locator(f"#table-{table} thead th").evaluate_all(
            "heads => heads.map(h => [h.dataset.name ?? h.querySelector('.title').textContent, h.dataset.trace])"
        )
        for line in among.sample(range(lines.count()), min(4, lines.count())):
            for i, (name, made_of) in enumerate(heads):
                cell, about = lines.nth(line).locator("td").nth(i), lines.nth(line).get_attribute("data-named")
                shown = cell.get_attribute("data-order") or cell.inner_text().replace(",", "")
                cell.click()
                commands = page.locator("#drawer .commands code", has_text="snn trace").all_inner_texts()
                page.keyboard.press("Escape")
                documented = {words.split(" ")[1] for words in made_of.split(";") if words}
                documented = {{"named": about, "priced": "energy_nj"}.get(one, one) for one in documented}
                assert {printed(command, runs)[0] for command in commands} <= documented
                if name in MEANS and shown and len(commands) == 1:
                    seen.add((table, name))
                    value = MEANS[name] * printed(commands[0], runs)[1]
                    assert value == pytest.approx(float(shown), rel=1e-3, abs=0.06), (table, name, commands)
    assert {("ranked", "energy_nj"), ("ranked", "value_val_mean"), ("energy", "energy_nj")} <= seen
    assert {("hardware", "noisy"), ("hardware", "calibrated"), ("recommend", "test"), ("steps", "acs")} <= seen


def test_the_command_for_an_energy_prices_it_under_the_convention_that_is_chosen(opened, made):
    page = opened(made)
    traces = page.locator("#drawer .commands code", has_text="snn trace")
    for convention, commands in (
        ("horowitz45_fp32", [".venv/bin/python -m snn trace x a energy_nj"]),
        ("synop_77fj", [".venv/bin/python -m snn trace x a energy_nj --energy synop_77fj"]),
    ):
        page.locator("#convention").select_option(convention)
        column = [h.get_attribute("data-name") for h in page.locator("#table-ranked thead th").all()].index("energy_nj")
        page.locator('#table-ranked tr[data-methods="a"] td').nth(column).click()
        assert traces.all_inner_texts() == commands
        page.keyboard.press("Escape")


def focused(page) -> list[str]:
    """The words of the row and the name of the column of the cell that has the focus."""
    script = """() => { const cell = document.activeElement; return [cell.parentNode.cells[0].textContent,
        cell.closest('table').tHead.rows[0].cells[cell.cellIndex].dataset.name, cell.tagName]; }"""
    row, column, tag = page.evaluate(script)
    assert tag == "TD"
    return [row, column]


def test_every_cell_of_a_table_is_reached_by_arrow_keys_and_opened_by_enter(opened, made):
    page = opened(made)
    drawer, table = page.locator("#drawer"), page.locator("#table-ranked")
    assert table.locator("td[tabindex]").count() == 1
    first = table.locator("td[tabindex='0']")
    first.focus()
    rows, columns = table.locator("tbody tr").count(), table.locator("thead th").count()
    seen = set()
    for _ in range(rows):
        for _ in range(columns):
            seen.add(tuple(focused(page)))
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
    assert len(seen) == rows * columns
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    place = focused(page)
    assert place[1] == "value_test_mean"
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.fullmatch(rf"{place[0]}, test: [\d.]+ ± [\d.]+ %", name)
    page.keyboard.press("Enter")
    assert drawer.is_visible()
    assert drawer.locator(".value").inner_text() == name.split(": ")[1]
    page.keyboard.press("Escape")
    assert not drawer.is_visible()
    assert focused(page) == place


def test_a_table_that_is_filtered_keeps_a_cell_to_come_to(opened, made):
    page = opened(made)
    page.locator("#table-ranked td[tabindex='0']").focus()
    page.keyboard.press("Control+End")
    gone = page.locator("#table-ranked td[tabindex='0']").evaluate("cell => cell.parentNode.dataset.methods")
    page.locator(f'#methods button:not([data-method="{gone}"])').first.click()
    assert page.locator("#table-ranked td[tabindex='0']").count() == 1


@pytest.mark.parametrize("place", ["#methods", "#plot-steps .legend"])
def test_methods_are_chosen_by_keyboard_in_the_bar_and_in_the_legend_of_a_plot(place, opened, made):
    page = opened(made)
    buttons = page.locator(f"{place} button")
    assert page.locator(f"{place} button[tabindex='0']").count() == 1
    page.locator(f"{place} button[tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # from the last to the first
    page.keyboard.press("ArrowRight")
    chosen = page.evaluate("document.activeElement.dataset.method")
    assert chosen == buttons.nth(1).get_attribute("data-method")
    page.keyboard.press("Enter")
    assert set(cells(page, "ranked", "method")) == {chosen}
    page.keyboard.press(" ")
    assert len(set(cells(page, "ranked", "method"))) == 3


def answer_for_a_chip(page) -> tuple[list[str], list[list[str]]]:
    """The sentences and the table of the answer for a chip."""
    told = [page.locator("#recommend-answer").inner_text(), *page.locator("#recommend-more li").all_inner_texts()]
    lines = page.locator("#table-recommend tbody tr").all()
    return told, [line.locator("td").all_text_contents() for line in lines]


def test_the_answer_for_a_chip_follows_the_selects_and_names_its_command(opened, path):
    page = opened(path)
    known = json.loads(page.locator("#data").text_content())
    places = known["choices"]["places"]
    for one in (places[0], places[-1], places[len(places) // 2]):
        for name in ("noise", "level", "calibrated"):
            if page.locator(f"#recommend-{name}").is_enabled():
                page.locator(f"#recommend-{name}").select_option(value=json.dumps(one[name]))
        most = max(one["steps"])
        for bound, wanted in (("", (None, None)), (f"most {most}", (None, most)), (f"only {most}", ([most], None))):
            page.locator("#recommend-steps").select_option(json.dumps(bound))
            page.locator("#recommend-energy").select_option("synop_77fj")
            options = parser().parse_args(page.locator("#recommend-command").inner_text().split()[3:])
            assert (options.steps, options.max_steps) == wanted
            assert actions.place(options, None) == Place(one["noise"], one["level"], calibrated=one["calibrated"])
            assert (options.energy, options.experiment) == ("synop_77fj", known["experiment"])
            assert page.locator("#convention").input_value() == "synop_77fj"
        page.locator("#recommend-steps").select_option('""')


@pytest.mark.parametrize("convention", ["horowitz45_fp32", "synop_77fj"])
def test_the_answer_for_a_chip_is_that_of_the_command_for_any_bounds(convention, opened, made):
    page, given = opened(made), rows()
    runs, energy = given.collected["runs"], given.energies[convention]
    page.locator("#recommend-energy").select_option(convention)
    for noise, calibrated in ((None, True), ("mismatch", True), ("mismatch", False)):
        page.locator("#recommend-noise").select_option(json.dumps(noise))
        if noise:
            page.locator("#recommend-calibrated").select_option(json.dumps(calibrated))
        found = Candidates(runs, given.outcomes, Place(noise, 0.2 if noise else 0.0, calibrated=calibrated))
        energies = in_order(found, energy).energy_nj
        known = sorted(set(found.table.steps_eval))
        steps = [("", Bounds()), *((f"most {t}", Bounds(most_steps=t)) for t in known)]
        for bound, asked in [*steps, *((f"only {t}", Bounds((t,))) for t in known)]:
            page.locator("#recommend-steps").select_option(json.dumps(bound))
            for most in (math.inf, round(energies.median(), 2), round(energies.min() / 9, 4)):
                page.locator("#recommend-most").fill("" if most == math.inf else f"{most}")
                bounds = asked._replace(most_nj=most)
                for every in (False, True):
                    page.locator("#recommend-every").set_checked(every)
                    ranking = ranked(found, energy, bounds)
                    told, shown = answer_for_a_chip(page)
                    assert told == advice.answer(ranking, bounds) + advice.beyond(found, energy, bounds, ranking)
                    others = advice.under_others(found, bounds, given.energies, convention)
                    assert page.locator("#recommend-chip").inner_text().startswith("".join(others))
                    assert ("first under others" in page.locator("#recommend-chip").inner_text()) == bool(others)
                    table = ranking.rules
                    if every and ranking.first is not None:
                        table = every_row(found, energy, bounds, ranking.first)
                    cells = cells_of(table) if len(table) else []
                    assert shown == [list(row.values()) for row in cells]


def test_nothing_chosen_is_an_answer_and_a_network_without_spikes_is_never_named(opened, path):
    page = opened(path)
    told, shown = answer_for_a_chip(page)
    assert " at T = " in told[0]
    page.locator("#recommend-noise").select_option("null")
    for option in page.locator("#recommend-steps option").all():
        page.locator("#recommend-steps").select_option(option.get_attribute("value"))
        told, shown = answer_for_a_chip(page)
        assert "ann" not in [line[0] for line in shown]
        assert not re.search(r"\bann\b", " ".join(told))


def test_a_row_of_the_answer_for_a_chip_opens_its_runs_by_keyboard(opened, made):
    page = opened(made)
    page.locator("#recommend-noise").focus()
    page.locator("#table-recommend td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    method = page.locator("#table-recommend tbody tr").first.get_attribute("data-methods")
    assert digest(method, 0) in page.locator("#drawer").inner_text()


def test_a_method_chosen_in_a_plot_filters_tables_and_dims_the_others_everywhere(opened, made):
    page = opened(made)
    page.locator('#plot-steps g[data-method="b"] path.mark').first.click()
    assert set(cells(page, "ranked", "method")) == {"b"}
    assert set(cells(page, "hardware", "method")) == {"b"}
    dim = page.locator('figure g[data-method="a"].dim').count()
    assert dim == page.locator('figure g[data-method="a"]').count() > 4
    assert page.locator('#methods button[data-method="b"]').get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Show all", exact=True).click()
    assert set(cells(page, "ranked", "method")) == {"a", "b", "ann"}
    assert page.locator(".dim").count() == 0


def test_a_plot_that_is_drawn_again_keeps_what_is_chosen(opened, made):
    page = opened(made)
    page.locator('#methods button[data-method="b"]').click()
    page.set_viewport_size(PHONE)
    page.wait_for_function("() => document.querySelectorAll('figure g[data-method=a]:not(.dim)').length === 0")


def test_the_switch_of_conventions_changes_ranked_table_energy_table_and_picture(opened, path):
    page = opened(path)
    before, picture = cells(page, "ranked", "energy_nj"), page.locator("#plot-ranked svg[role=img]").inner_html()
    page.locator("#convention").select_option("synop_77fj")
    data = json.loads(page.locator("#data").text_content())
    methods = cells(page, "ranked", "method")
    after = cells(page, "ranked", "energy_nj")
    assert after != before
    assert page.locator("#plot-ranked svg[role=img]").inner_html() != picture
    known = data["energy"]["synop_77fj"]
    values = [float(text.replace(",", "")) for text, method in zip(after, methods, strict=True) if method in known]
    assert values == pytest.approx([known[method][0] for method in methods if method in known], rel=6e-3)
    assert set(cells(page, "energy", "convention")) == {"synop_77fj"}


def test_a_plot_of_near_and_far_values_has_arrows_with_numbers_and_a_switch_to_all(opened, made, tmp_path):
    text = made.read_text()
    before, rest = text.split('id="data">', 1)
    data, after = rest.split("</script>", 1)
    known = json.loads(data)
    plot = next(one for one in known["plots"] if one["name"] == "ranked")
    for panel in plot["panels"]:
        panel["y"] |= {"low": 90.0, "high": 92.0}
        for series, mean in zip(panel["series"], (91.0, 91.5, 36.6), strict=True):
            series["points"] = [[series["points"][0][0], mean, mean - 0.5, mean + 0.5, []]]
    forest = next(one for one in known["plots"] if one["name"] == "comparisons")
    forest["x"] |= {"low": -2.0, "high": 1.0}
    forest["rows"] = [{**forest["rows"][0], "point": [at, at - 1, at + 1]} for at in (-1.0, -47.2)]
    path = tmp_path / "far.html"
    path.write_text(before + 'id="data">' + json.dumps(known) + "</script>" + after)
    page = opened(path)
    method = plot["panels"][0]["series"][2]["method"]
    for name, words in (("ranked", f"↓ 36.6 {method}"), ("comparisons", "← -47.2")):
        figure = page.locator(f"#plot-{name}")
        assert figure.locator("text.beyond").all_text_contents() == [words]
        switch = figure.get_by_role("button", name="All values")
        switch.click()
        assert figure.locator("text.beyond").count() == 0
        assert switch.get_attribute("aria-pressed") == "true"
        switch.click()
        assert figure.locator("text.beyond").count() == 1


def test_axes_of_values_have_three_ticks_or_more(opened, path):
    page = opened(path)
    for name in ("ranked", "steps", "convergence", "comparisons", "claims"):
        grid = page.locator(f"#plot-{name} line.grid, #plot-{name} line.zero")
        lines = grid.evaluate_all("all => all.map(l => [l.x1, l.x2, l.y1, l.y2].map(a => a.baseVal.value))")
        assert sum(x1 == x2 for x1, x2, _, _ in lines) >= 2
        assert name in ("comparisons", "claims") or sum(y1 == y2 for _, _, y1, y2 in lines) >= 3, name


def saved(page, button) -> str:
    with page.expect_download() as waiting:
        button.click()
    return Path(waiting.value.path()).read_text()


def test_a_table_is_saved_with_the_rows_that_are_shown_and_all_columns(opened, made):
    page = opened(made)
    page.locator('#methods button[data-method="a"]').click()
    tools = page.get_by_role("group", name="Tools of the table Chips")
    rows = list(csv.DictReader(StringIO(saved(page, tools.get_by_role("button", name="Save the table Chips as CSV")))))
    assert {row["method"] for row in rows} == {"a"}
    assert {"loss", "left", "left_ci95"} <= set(rows[0])
    original = list(csv.DictReader(StringIO((made.parent / "hardware.csv").read_text())))
    assert [float(row["left"]) for row in rows] == [float(row["left"]) for row in original if row["method"] == "a"]


def test_a_plot_is_saved_as_svg_with_colours_and_as_csv(opened, made):
    page = opened(made)
    tools = page.locator("#plot-steps .tools")
    svg = saved(page, tools.get_by_role("button", name="SVG"))
    parse = "text => new DOMParser().parseFromString(text, 'image/svg+xml').documentElement.nodeName"
    assert page.evaluate(parse, svg) == "svg"
    assert "--c0" in svg
    assert "#0072b2" in svg
    rows = list(csv.DictReader(StringIO(saved(page, tools.get_by_role("button", name="CSV")))))
    steps = list(csv.DictReader(StringIO((made.parent / "steps.csv").read_text())))
    assert {(row["method"], float(row["x"]), float(row["y"])) for row in rows} == {
        (row["method"], float(row["steps_eval"]), float(row["value_test_mean"])) for row in steps
    }


def test_a_plot_is_saved_as_png(opened, made):
    page = opened(made)
    with page.expect_download() as waiting:
        page.locator("#plot-steps .tools").get_by_role("button", name="PNG").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_phone_shows_a_page_without_scrolling_sideways(opened, path):
    page = opened(path, viewport=PHONE, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_on_a_phone_no_button_of_a_method_is_cut_and_labels_of_plots_are_whole(opened, path):
    page = opened(path, viewport=PHONE, is_mobile=True, has_touch=True)
    cut = "all => all.filter(e => e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth).length"
    page.evaluate(
        "() => { const all = document.getElementById('methods'); for (let i = 0; i < 3; i += 1) "
        "all.append(...[...all.children].map((e) => e.cloneNode(true))); }"
    )
    assert page.locator(".methods").evaluate_all(cut) == 0
    known = json.loads(page.locator("#data").text_content())
    for plot in known["plots"]:
        if "rows" in plot:
            labels = page.locator(f"#plot-{plot['name']} text.label")
            assert labels.all_text_contents() == [row["label"] for row in plot["rows"]]
            right = "all => Math.max(...all.map(e => e.getBoundingClientRect().right))"
            assert labels.evaluate_all(right) <= PHONE["width"]


def test_print_shows_every_section_row_and_caption_and_no_controls(opened, path):
    page = opened(path)
    rows = page.locator("table.data tbody tr").count()
    page.emulate_media(media="print")
    assert page.locator("main section:visible").count() == page.locator("main section").count()
    assert page.locator("table.data tbody tr:visible").count() == rows
    for words in page.locator("details.caption > p").all():
        assert words.bounding_box()["height"] > 0
    assert page.locator(".bar:visible, .tools:visible, nav:visible").count() == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_dark_mode_has_dark_paper_and_light_ink(opened, path):
    page = opened(path, color_scheme="dark")
    paper, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    assert max(map(int, re.findall(r"\d+", paper))) < 40
    assert min(map(int, re.findall(r"\d+", ink))) > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_no_serious_violation_with_and_without_the_drawer(opened, path, scheme, viewport):
    page = opened(path, viewport=viewport, color_scheme=scheme)
    for drawer in (False, True):
        if drawer:
            page.locator("#table-ranked td").first.click()
        found = axe.Axe().run(page).response["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []
