"""The command line: `python -m analysis --help`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.settings import BASELINE, ROOT, load_settings, named_choices, parse_assignment
from workbench.project import Project

if TYPE_CHECKING:
    from workbench.own.study_input import StudyInput

BASELINE_NAME = BASELINE.relative_to(ROOT)

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=(
    "数字城市百强的公开复算 · An open recomputation of the digital cities ranking."))


def stop(error: Exception) -> typer.Exit:
    """One clear message instead of a traceback, and exit code 2."""
    typer.echo(f"\n未运行，原有结果未改动 · stopped, earlier results are untouched:\n{error}", err=True)
    return typer.Exit(2)


def project(context: typer.Context) -> Project:
    """The project whose runs a command means: the repository, unless the caller of `app` hands in another."""
    return context.find_object(Project) or Project()


@app.command()
def run(
    context: typer.Context,
    settings: Annotated[Path, typer.Option(help="设定文件 settings file (settings/quick.yaml …)")] = BASELINE_NAME,
    set_: Annotated[list[str], typer.Option("--set", help="改一项设定 change one choice: weighting.alpha=0.3")] = [],  # noqa: B006
    only: Annotated[list[str], typer.Option(help="只运行该步 run only this notebook: 07")] = [],  # noqa: B006
    start: Annotated[str | None, typer.Option("--from", help=(
        "从该步起 start at this notebook: 04 (with --only: what it builds on from there)"))] = None,
    panel: Annotated[Path | None, typer.Option(help=(
        "自己的数据 your own data: mine.xlsx, mine.csv or a folder of tables; see template"))] = None,
    year: Annotated[int | None, typer.Option(help="用哪一年的数 which year's figures of your own data")] = None,
    name: Annotated[str | None, typer.Option("--run", help="结果文件夹名 name of the run's folders")] = None,
    lang: Annotated[str, typer.Option(help="报告语言 language of the reports: zh | en")] = "zh",
    reports: Annotated[bool, typer.Option(help="生成 HTML 与 PDF make HTML and PDF")] = True,
) -> None:
    """运行全部笔记本并生成报告 · Run the notebooks in order and make the reports.

    默认结果在 reports/baseline；改了设定而未给 --run 时，结果在 reports/custom；自己的数据在 reports/own。
    Results go to reports/baseline; with changed choices and no --run, to reports/custom; of own data, to reports/own.
    """
    from workbench import planning
    from workbench.run_input import bring
    from workbench.running import pipeline, progress
    from workbench.running.staging import BusyError

    known = (ValueError, OSError, planning.RunError, BusyError)
    try:
        changes = dict(parse_assignment(text) for text in set_)
        named = name or (settings.stem if settings.stem != BASELINE.stem and not set_ else None)
        settings = beside(panel, settings)
        chosen = load_settings(settings, changes)
        with progress.heard(typer.echo) as say, say.doing("读数据 reading"):
            brought = bring(panel, chosen, year=year, said=named_choices(settings, changes))
        plan = planning.make_plan(named or brought.name, lang, brought.settings, tuple(only), start, brought.traits)
        expected = progress.estimate(*brought.size, plan.settings, reports) if not only and start is None else []
        for line in (*brought.lines(lang), *brought.adapted(lang), *expected):
            typer.echo(line)
        record = pipeline.execute(plan, project(context), typer.echo, reports, brought.given)
    except known as error:
        raise stop(error) from None
    except KeyboardInterrupt:
        typer.echo("\n已中断，原有结果未改动；再次运行同一命令即可 · interrupted, earlier results are untouched; "
                   "run the same command again", err=True)
        raise typer.Exit(130) from None
    page = f"   {planning.report_place(plan)}/index.html" if reports else f"   data/processed/{plan.run}/"
    typer.echo(f"完成 done  {record['seconds_total']:.1f} s, {record['peak_memory_mib']} MiB{page}")


@app.command()
def template(
    path: Annotated[Path, typer.Argument(help="新工作簿 the new workbook")] = Path("template.xlsx"),
    source: Annotated[Path | None, typer.Option("--from", help=(
        "由一张数据表写出一项研究 begin a study from a table of figures: mine.csv, mine.xlsx"))] = None,
    filled: Annotated[str | None, typer.Option(help="填好公开数据 filled with the public panel: baseline")] = None,
    example: Annotated[str | None, typer.Option(help=(
        "填好的示例 filled in with an example: county_care, human_development"))] = None,
) -> None:
    """写一份待填的工作簿：指标、城市、判断矩阵与说明 · Write a workbook to fill in: indicators, cities, judgements.

    --from：按一张数据表写出指标体系、名录与设定，放在一个新文件夹；--filled baseline：填好公开数据。
    --from writes framework,
    roster and settings of a table of figures to a new folder; --filled baseline the public panel.
    """
    from workbench.own.template import public_values, write_template

    try:
        if source is not None:
            return begin_study(source, path if path != Path("template.xlsx") else Path(f"{source.stem}_study"))
        if path.suffix != ".xlsx":
            raise ValueError(f"{path.name}: a template is a workbook; call it {path.stem or 'template'}.xlsx")
        if path.exists():
            raise ValueError(f"{path.name} is there already and may be filled in; give another name")
        if filled not in (None, "baseline"):
            raise ValueError(f"--filled {filled}: baseline is the one panel that a template can be filled with")
        write_template(path, example=example, values=public_values() if filled else None)
    except (ValueError, OSError) as error:
        raise stop(error) from None
    typer.echo(f"已写出 written   {path}\n填好后 then   python -m analysis check --panel {path}")


def begin_study(source: Path, folder: Path) -> None:
    """Write the tables of a study out of a table of figures, and say what was seen and what is to be done."""
    from workbench.own.template_from import write_study

    seen = write_study(source, folder)
    years = f"，年份 {min(seen.years)}–{max(seen.years)}" if seen.years else ""
    years_en = f", years {min(seen.years)}–{max(seen.years)}" if seen.years else ""
    typer.echo(f"已写出 {folder}：{len(seen.units)} 个单位，{len(seen.indicators)} 项指标{years}。"
               f"请核对 framework.csv 的分级与方向（现均为一个领域、+）与单位。\n"
               f"written {folder}: {len(seen.units)} units, {len(seen.indicators)} indicators{years_en}. "
               f"Check levels and directions (now one domain, all +) and units in framework.csv, then\n"
               f"python -m analysis check --panel {folder}\n"
               f"python -m analysis run --panel {folder} --run mine")


@app.command()
def check(
    panel: Annotated[Path, typer.Option(help="自己的数据 your own data: mine.xlsx, mine.csv or a folder of tables")],
    marked: Annotated[Path | None, typer.Option(help=(
        "另存标出问题的副本 write a copy with the cells marked: marked.xlsx or marked.html"))] = None,
    year: Annotated[int | None, typer.Option(help="用哪一年的数 which year's figures")] = None,
    settings: Annotated[Path, typer.Option(help="将用的设定文件 the settings file to be used")] = BASELINE_NAME,
    set_: Annotated[list[str], typer.Option("--set", help="改一项设定 change one choice: weighting.alpha=0.3")] = [],  # noqa: B006
    rehearse: Annotated[bool, typer.Option(help=(
        "读过之后，用很少的抽样把整条链试跑一遍 after reading, try the whole chain with few draws"))] = True,
    lang: Annotated[str, typer.Option(help="语言 language: zh | en")] = "zh",
) -> None:
    """检查自己的数据，一次列出全部问题，再试跑一遍 · Check your own data, list every problem, and rehearse the run.

    试跑包括全部笔记本、图与成文，只在临时文件夹里，约十几秒至一分钟；试跑到底，正式运行就能到底。可用为 0，有问题为 2。
    The rehearsal makes all notebooks, figures and pages in a temporary folder, within about a minute: where it
    reaches the end, so does the run. Exit code 0: can be used; 2: problems.
    """
    from workbench.own.marked import write_marked
    from workbench.own.problems import OwnDataError
    from workbench.own.reading import read_input
    from workbench.planning import RunError, check_language
    from workbench.run_input import said_of_input

    problems, warnings, given = (), (), None
    try:
        check_language(lang)
        try:
            given = read_input(panel, year=year)
            warnings = given.warnings
        except OwnDataError as error:
            problems = error.problems
        if marked:
            write_marked(panel, problems, warnings, marked, lang)
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None
    said = said_of_input(given)
    for each in (*problems, *warnings):
        typer.echo(said(each.line(lang)))
    typer.echo(f"问题 problems: {len(problems)}   提示 warnings: {len(warnings)}" + (f"   {marked}" if marked else ""))
    reached = not problems and (not rehearse or rehearsed(panel, given, settings, set_, lang))
    raise typer.Exit(0 if reached else 2)


def beside(panel: Path | None, settings: Path) -> Path:
    """The settings file to be used: settings.yaml in the folder of own tables, where there is one and none is named."""
    own = panel / "settings.yaml" if panel is not None and panel.is_dir() else None
    if own is None or not own.is_file() or settings != BASELINE_NAME:
        return settings
    typer.echo(f"设定 settings: {own}")
    return own


def rehearsed(panel: Path, given: StudyInput, settings: Path, changes: list[str], lang: str) -> bool:
    """Rehearse the run of checked data and say how it went; whether it reached its end."""
    from workbench.planning import RunError, make_plan
    from workbench.run_input import bring
    from workbench.running.rehearsal import rehearse

    try:
        named, settings = dict(parse_assignment(text) for text in changes), beside(panel, settings)
        brought = bring(panel, load_settings(settings, named), given, said=named_choices(settings, named))
        plan = make_plan(brought.name, lang, brought.settings, traits=brought.traits)
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None
    for line in brought.adapted(lang):
        typer.echo(line)
    stopped = rehearse(plan, brought.given, lambda line: typer.echo(line, err=True))
    typer.echo(stopped.told(lang) if stopped else {"zh": "试跑到底：正式运行可以开始。",
                                                   "en": "The rehearsal reached the end: the run can begin."}[lang])
    return stopped is None


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="一次运行 a run: baseline")],
    second: Annotated[str, typer.Argument(metavar="B", help="另一次运行 another run")],
    lang: Annotated[str, typer.Option(help="报告语言 language of the page: zh | en")] = "zh",
) -> None:
    """比较两次运行：谁的名次变了、变了多少、因何而变 · Compare two runs: who moved, by how much, and why."""
    from analysis.panel import read_panel
    from workbench.comparing import comparison, comparison_files, comparison_page
    from workbench.planning import RunError, check_language

    try:
        check_language(lang)
        panel = read_panel()
        runs = [comparison.read_side(project(context).stored(name), panel) for name in (first, second)]
        result = comparison.compare_runs(*runs)
        path = comparison_files.write_comparison(result, *runs, project(context), lang)
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None
    for line in comparison_page.mover_lines(comparison_page.Told(result, *runs, lang, most=5)):
        typer.echo(line)
    typer.echo(f"完成 done   {os.path.relpath(path, ROOT)}")


@app.command()
def city(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="城市名、英文名或代码 name or code: 深圳市, Shenzhen, 440300")],
    run_: Annotated[str, typer.Option("--run", help="哪次运行的结果 which run's results")] = BASELINE.stem,
    lang: Annotated[str, typer.Option(help="语言 language: zh | en")] = "zh",
    files: Annotated[bool, typer.Option(help="另存网页、PDF 与 Excel write page, PDF and Excel sheet too")] = True,
) -> None:
    """一座城市的账：从原始数到得分，逐项相加 · One city's account: from raw figures to the score, adding up.

    网页、PDF、带公式的 Excel 与一页画像在 reports/<run>/cities。
    Page, PDF, live workbook and one-page profile go to reports/<run>/cities.
    """
    from shutil import get_terminal_size

    from workbench import cities
    from workbench.planning import RunError, check_language

    try:
        check_language(lang)
        made = project(context).stored(run_)
        account, folder = cities.city_account(cities.read_run(made), name), made.report_folder(lang)
        text = cities.account_text(account, lang, min(get_terminal_size().columns, 140))
        written = cities.write_account(account, folder, lang) if files else []
        if files:
            written += cities.write_pdfs(cities.profiles_of(account.tables), [account.code], folder, lang)
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None
    typer.echo(text)
    for path in written:
        typer.echo(os.path.relpath(path, ROOT))


@app.command()
def cities(
    context: typer.Context,
    pdf: Annotated[bool, typer.Option("--pdf", help="每城一页 PDF a one-page PDF of each")] = False,
    top: Annotated[int, typer.Option(help="前几名 how many, best first; 0 = all")] = 100,
    run_: Annotated[str, typer.Option("--run", help="哪次运行的结果 which run's results")] = BASELINE.stem,
    lang: Annotated[str, typer.Option(help="语言 language: zh | en")] = "zh",
) -> None:
    """城市画像：列出各城的名次与得分；--pdf 把前一百名的画像做成 PDF · City profiles: list them, or set them as PDF.

    网页由每次运行写在 reports/<run>/profiles；PDF 在 reports/<run>/cities。
    Every run writes the pages, reports/<run>/profiles; PDF files go to reports/<run>/cities.
    """
    from workbench import cities
    from workbench.planning import RunError, check_language

    try:
        check_language(lang)
        if top < 0:
            raise ValueError(f"--top {top}: give 0 for all cities, or how many of the best")
        made = project(context).stored(run_)
        profiles = cities.profiles_of(cities.read_run(made))
        chosen = profiles.in_order[:top or None]
        for line in cities.list_lines(profiles, chosen, lang) if not pdf else ():
            typer.echo(line)
        for path in cities.write_pdfs(profiles, chosen, made.report_folder(lang), lang) if pdf else ():
            typer.echo(os.path.relpath(path, ROOT))
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RUN", help="一次运行 a run: baseline")] = BASELINE.stem,
    lang: Annotated[str, typer.Option(help="报告语言 language of the reports: zh | en")] = "zh",
    reports: Annotated[bool, typer.Option(help="也核对 HTML 与 PDF verify HTML and PDF too")] = True,
) -> None:
    """在临时文件夹中重算一次运行，逐文件、逐格核对 · Make a run again elsewhere and compare every file, cell by cell.

    原有结果不动。全同为 0，有不同为 1。Nothing stored is touched. Exit code 0: all the same; 1: something differs.
    """
    from workbench.checking.verification import verify
    from workbench.checking.verification_text import verification_lines
    from workbench.planning import RunError

    try:
        found = verify(project(context).stored(name), lang, reports, typer.echo)
    except (ValueError, OSError, RunError) as error:
        raise stop(error) from None
    except KeyboardInterrupt:
        typer.echo("\n已中断，原有结果未改动 · interrupted, stored results are untouched", err=True)
        raise typer.Exit(130) from None
    for line in verification_lines(found):
        typer.echo(line)
    raise typer.Exit(0 if found.holds else 1)


@app.command()
def steps() -> None:
    """列出笔记本及其参数 · List the notebooks, what each reads and its parameters."""
    from analysis.settings import choices, flatten, load_settings
    from workbench.parameters import flat_name
    from workbench.steps import NEEDS, PARAMETERS

    values, known = flatten(load_settings()), choices()
    for step, needs in NEEDS.items():
        typer.echo(f"{step:<26} ← {', '.join(need.split('_')[0] for need in needs) or '—'}")
        for name in PARAMETERS[step]:
            typer.echo(f"   {flat_name(name):<30} {values[name]!s:<14} {known[name].allowed()}")


@app.command()
def parameters() -> None:
    """按设定模型重写各笔记本的参数单元 · Write the notebooks' parameters cells anew from the settings model."""
    from workbench.parameters import renew_cells

    for path in renew_cells(ROOT):
        typer.echo(os.path.relpath(path, ROOT))


@app.command()
def synthetic() -> None:
    """重新模拟并写出合成数据，登记校验和 · Simulate the synthetic panel anew, write it and record its checksums.

    合成数据，非真实评价结果。模型与种子不变，则逐字节相同。The same model and seed give the same bytes.
    """
    from analysis import sources
    from workbench.synthetic import write_default

    try:
        for path in write_default(ROOT):
            sources.record_checksum(ROOT, path)
            typer.echo(os.path.relpath(path, ROOT))
    except (ValueError, OSError) as error:
        raise stop(error) from None


@app.command()
def checksum(path: Path) -> None:
    """登记原始文件的校验和 · Record the checksum of a raw file that was changed on purpose."""
    from analysis import sources

    try:
        sources.record_checksum(ROOT, path)
    except (ValueError, OSError) as error:
        raise stop(error) from None


def main() -> None:
    os.chdir(ROOT)
    sys.exit(app(prog_name="python -m analysis"))


if __name__ == "__main__":
    main()
