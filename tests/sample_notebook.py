"""An executed notebook as the study makes them, built by hand: what the tests of the reports render."""

from __future__ import annotations

import base64
import io
from functools import cache
from html import escape

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

HOSTILE = '<script>alert(1)</script> #panic("x") $x$ *a* & [b](javascript:c)'
FORMULA = r"""$$
\begin{aligned}
p_{ij} &= \frac{x_{ij}}{\sum_{i=1}^{n} x_{ij}}, \qquad
e_j = -\frac{1}{\ln n}\sum_{i=1}^{n} p_{ij}\ln p_{ij} \\
w_j &= \frac{1-e_j}{\sum_{k=1}^{m}\left(1-e_k\right)}, \qquad \boldsymbol{w} = \operatorname*{arg\,min}_{w \ge 0}\ f(w)
\end{aligned}
$$"""
CITIES = ("深圳市", "上海市", "北京市", "广州市", "杭州市", "苏州市", "南京市", "成都市", "黔西南布依族苗族自治州")


@cache
def drawing(kind: str) -> bytes:
    """A small bar chart as "svg" (letters as outlines) or "png"."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "sample"}):
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots()
        axes.barh(range(8), [98.1, 95.2, 91.0, 88.4, 80.9, 78.3, 75.5, 70.2], color="#1b4f86")
        axes.set_xlabel("score (0-100 points)")
        canvas, file = (FigureCanvasSVG if kind == "svg" else FigureCanvasAgg)(figure), io.BytesIO()
        if kind == "svg":
            canvas.print_svg(file, metadata={"Date": None})
        else:
            canvas.print_png(file)
    return file.getvalue()


def figure_output(kind: str, label: str, caption: str, name: str, alt: str = "八个城市的得分", width: float = 0.9):
    media = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    picture = drawing(kind).decode() if kind == "svg" else base64.b64encode(drawing(kind)).decode()
    return report_output(
        {media: picture, "text/plain": alt},
        {"kind": "figure", "label": label, "caption": caption, "alt": alt, "name": name, "width": width},
    )


def table_html(rows: int, columns: int) -> str:
    """A plain table: a rank, a city, then numbers; the first city's name is hostile."""
    names = ["排名", "城市", *(f"指标{number:02d} 得分" for number in range(1, columns - 1))]
    lines = []
    for row in range(rows):
        city = HOSTILE if row == 0 and columns < 10 else CITIES[row % len(CITIES)]
        values = [(row * 37 + column * 911) % 10000 / 100 for column in range(columns - 2)]
        numbers = "".join(f'<td class="num">{value:.2f}</td>' for value in values)
        lines.append(f'<tr><td class="num">{row + 1}</td><td>{escape(city)}</td>{numbers}</tr>')
    head = "".join(f'<th class="num">{name}</th>' if name != "城市" else f"<th>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def table_output(rows: int, columns: int, label: str, caption: str, name: str, notes: str = ""):
    return report_output(
        {"text/html": table_html(rows, columns), "text/plain": "table"},
        {"kind": "table", "label": label, "caption": caption, "notes": notes, "name": name},
    )


def report_output(data: dict, about: dict):
    return new_output("display_data", data=data, metadata={"report": about})


def text_output(kind: str, markdown: str):
    return report_output({"text/markdown": markdown, "text/plain": markdown}, {"kind": kind})


TITLES = {"zh": ("熵权法：指标自己说出的权重", "第三步：由数据的离散程度得到客观权重"),
          "en": ("Entropy weights: what the indicators say of themselves", "Step 3: objective weights from dispersion")}


def sample_notebook(kind: str = "notebook", lang: str = "zh") -> nbformat.NotebookNode:
    """A notebook of every kind of block, its prose in one language, as papermill leaves it (timings, random ids and
    all)."""
    about = {"title": TITLES[lang][0], "subtitle": TITLES[lang][1], "kind": kind, "lang": lang}

    def prose(zh: str, en: str):
        return new_markdown_cell(zh if lang == "zh" else en, metadata={"tags": ["finding"]})

    cells = [
        prose("# 03 熵权法\n\n本笔记本从规范化后的指标矩阵出发，计算熵权。**输入**为上一步写出的 `02_indicators.csv`，"
               "**输出**为各指标的权重；记 $x_{ij}$ 为第 $i$ 个城市第 $j$ 项指标的数值（$x_{ij}\\ge 0$，越大越好）。",
               "# 03 Entropy weights\n\nFrom the normalised indicators $x_{ij} \\ge 0$ this notebook computes entropy "
               "weights. **Input**: `02_indicators.csv`; *output*: one weight per indicator."),
        new_code_cell("from workbench import open_step", outputs=[
            text_output("notice", "**公开数据版** 34 项指标中的 11 项，6 个领域中的 5 个；数字治理没有公开数据。")]),
        new_code_cell('city = "深圳市"  # followed by hand\nalpha = 0.5', metadata={"tags": ["parameters"]}),
        new_code_cell('city = "杭州市"', metadata={"tags": ["injected-parameters"]}),
        prose("## 一、公式与约定\n\n信息熵衡量一项指标在城市之间的分散程度：分散越大，熵越小，权重越大。"
               f"约定 $0\\cdot\\ln 0 = 0$，不做任何隐藏的平移。\n\n{FORMULA}\n\n"
               "- 第一条约定：数值非负，且越大越好；\n- 第二条约定：常数列会使 $1-e_j=0$，予以拒绝并写明列名；\n\n"
               "1. 先求比重；\n2. 再求熵；\n3. 最后归一。\n\n> 熵权反映的是数据的分散，而不是指标的重要性。",
               f"## Formula and conventions\n\nThe more a share is spread, the larger its weight.\n\n{FORMULA}\n\n"
               "- values are not negative;\n- a constant column is refused.\n\n> Dispersion is not importance."),
        new_code_cell("weights = entropy_weights(values)  # share of the column sum\nweights.round(3)", outputs=[
            table_output(5, 4, "表 3-1", f"熵权最大的五项指标（{HOSTILE}）", "table_3_1", "注：权重之和为 1。"),
            text_output("check", "**核对** 297 个城市，11 项指标，无缺失；权重之和为 1 ✓"),
        ]),
        prose("### 1.1 图形\n\n下图比较各城市。第一行写到这里\n第二行接着写，中文之间没有空格；"
               "English words 与中文之间有。",
               "### A picture\n\nThe figure compares cities such as 深圳市 and 杭州市 by their scores."),
        new_code_cell("figures.scores(scores)", outputs=[
            figure_output("svg", "图 3-1", "各城市得分（公开数据版，2019 年）", "fig_3_1"),
            text_output("text", "**深圳市** 的得分为 $98.1$ 分，居第 1 位，比第 2 位的上海市高 2.9 分。"),
        ]),
        prose("## 二、全部城市\n\n长表跨页时重复表头。", "## All cities\n\nA long table repeats its head."),
        new_code_cell("tables.ranks(scores)", outputs=[
            table_output(120, 5, "表 3-2", "全部城市的得分与排名", "table_3_2")]),
        prose("## 三、宽表与其余\n\n| 方法 | 权重 |\n|---|--:|\n| 熵权 | 0.53 |\n| CRITIC | 0.33 |\n\n参见 "
               "[熵权文献](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x)。",
               "## A wide table and the rest\n\n| method | weight |\n|---|--:|\n| entropy | 0.53 |\n\nSee "
               "[Shannon](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x)."),
        new_code_cell("print('n =', 297)\ntables.wide(scores)", outputs=[
            new_output("stream", name="stdout", text="n = 297\n"), new_output("stream", name="stdout", text="m = 11\n"),
            table_output(30, 14, "表 3-3", "十二项指标的得分", "table_3_3", "注：各列为 0–100 分。"),
            figure_output("png", "图 3-2", "同一张图的位图", "fig_3_2", width=0.6),
        ]),
    ]  # fmt: skip
    metadata = {
        "report": about,
        "papermill": {"start_time": "2026-01-01T00:00:00", "input_path": "/somewhere/03.ipynb"},
        "kernelspec": {"name": "venv-17", "display_name": "venv 17"},
        "language_info": {"name": "python", "version": "3.11.9"},
    }
    for cell in cells:
        cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    return new_notebook(cells=cells, metadata=metadata)
