"""What a reader of the explorer sees beside names and numbers, in Chinese and English."""

from __future__ import annotations

from analysis.maps import ATTRIBUTION
from analysis.wording import Words

WEIGHTINGS: dict[str, dict[str, tuple[str, str]]] = {
    "zh": {
        "combined": ("本研究",
                     "本研究得分所用的组合权重，由主观权重与客观权重合成。不移动滑块时，名次与研究结果完全一致。"),
        "subjective": ("层次分析法", "只用判断矩阵算得的主观权重。"),
        "entropy": ("熵权", "只由数据的离散程度决定，各指标一并计算。"),
        "nested_entropy": ("分层熵权", "只由数据的离散程度决定，逐层计算。"),
        "critic": ("CRITIC", "只由数据决定，兼顾离散程度与指标之间的相关。"),
        "equal": ("指标等权", "每项指标的权重相同；指标多的领域因而权重大。"),
        "equal_domains": ("领域等权", "每个领域的权重相同，领域内各指标的比例与本研究一致。"),
        "implied_domains": ("隐含（领域）",
                            "使名次最接近已公布排名的领域权重，由反推得到，并非白皮书的权重；另有差别很大的权重同"
                            "样接近。"),
        "implied_indicators": ("隐含（指标）",
                               "使名次最接近已公布排名的指标权重，由反推得到，并非白皮书的权重；另有差别很大的权"
                               "重同样接近。"),
    },
    "en": {
        "combined": ("This study",
                     "The weights behind the study's scores, judged and computed ones combined. Until a slider "
                     "moves, the ranks are exactly the study's."),
        "subjective": ("AHP", "Judged weights alone, from the judgement matrices."),
        "entropy": ("Entropy", "Decided by how far the data spread, all indicators at once."),
        "nested_entropy": ("Nested entropy", "Decided by how far the data spread, level by level."),
        "critic": ("CRITIC", "Decided by the data: their spread and how indicators correlate."),
        "equal": ("Equal indicators",
                  "Every indicator counts the same, so that a domain with more of them weighs more."),
        "equal_domains": ("Equal domains",
                          "Every domain counts the same; inside a domain the study's proportions hold."),
        "implied_domains": ("Implied, domains",
                            "The domain weights that bring the ranks closest to the published ones: inferred, not "
                            "the white paper's weights. Very different weights come as close."),
        "implied_indicators": ("Implied, indicators",
                               "The indicator weights that bring the ranks closest to the published ones: "
                               "inferred, not the white paper's weights. Very different weights come as close."),
    },
}

METHODS = {"zh": {"arithmetic": "算术平均", "geometric": "几何平均", "topsis": "TOPSIS（贴近度乘以 100）"},
           "en": {"arithmetic": "arithmetic mean", "geometric": "geometric mean",
                  "topsis": "TOPSIS (closeness times 100)"}}

WORDS = Words({
    "zh": {
        "title": "换一组权重，名次会怎样",
        "subtitle": "拖动滑块改变各领域的权重，排名、地图与散点图随即更新。",
        "subtitle_no_map": "拖动滑块改变各领域的权重，排名与散点图随即更新。",
        "needs_script": "本页需要浏览器允许运行脚本。研究的名次见《全部报告》中的数据表。",
        "controls": "权重", "start": "从哪组权重开始", "domains": "各领域的权重",
        "domains_note": "滑块的位置是相对的，旁边是折算后的权重，合计 100%。领域内各指标的比例沿用所选的一组。",
        "reset": "还原这组权重", "moved": "已移动滑块。", "share": "当前设置的链接",
        "share_note": "网址随设置变化，可收藏或转发。",
        "share_text": "占总权重 {share}", "indicators": "各指标现在的权重", "indicator": "指标", "weight": "权重",
        "ranking": "排名", "find": "查找城市",
        "find_hint": "名称、拼音或代码；按回车键固定第一座",
        "none_found": "没有匹配的城市", "found": "{count} 座城市", "download": "下载此表（CSV）", "pinned": "已固定",
        "no_pins": "点排名中的图钉或图上的圆点，可固定多座城市作比较。",
        "pin_city": "固定{name}", "unpin_city": "取消固定{name}", "rank": "名次", "city": "城市", "score": "得分",
        "study_rank": "本研究名次", "study": "本研究", "change": "变化", "weights": "仅权重", "choices": "所交叉的选择",
        "interval_of": "本研究的名次区间（90%）",
        "weights_interval": "名次区间（90%，仅权重）",
        "choices_interval": "名次区间（90%，所交叉的选择）",
        "code": "代码", "province": "省份", "from": "下限", "to": "上限", "weights_used": "所用权重",
        "edition": "数据版本", "up": "上升 {count} 位", "down": "下降 {count} 位", "same": "不变",
        "leader": "第一名：{name}，{score} 分。", "following": "其后：{names}。",
        "nobody_moved": "名次与本研究完全一致。",
        "moved_cities": "与本研究相比，{count} 座城市的名次有变化，变化最大的是{name}（{change}）。",
        "one_needed": "至少一个领域要有权重，这个滑块停在 1。",
        "comma": "、", "map": "地图",
        "map_alt": "地图：各城市按现在的名次着色，名次靠前者颜色深、圆点大；同样的名次见排名表。",
        "inset_alt": "南海诸岛附图", "inset": "南海诸岛",
        "map_note": "圆点在各城市辖区最大的一块之内，点击可固定。",
        "attribution": ATTRIBUTION[0],
        "scatter": "散点图",
        "scatter_alt": "散点图：纵轴为现在的得分，横轴为所选的数值；同样的得分见排名表。",
        "x_axis": "横轴", "y_axis": "纵轴：现在的得分", "x_study": "本研究得分", "x_domain": "{name}得分",
        "scatter_note": "虚线上两者相等：线上方的城市在现在的权重下得分更高。",
        "intervals": "名次区间",
        "intervals_alt": "名次区间图：已固定的城市，没有固定时为现在的前十名；同样的区间见排名表。",
        "rank_axis": "名次", "intervals_pinned": "已固定的城市",
        "intervals_first": "现在的前十名（固定城市后改为所固定的）",
        "interval_key_choices": "90% 区间：所交叉的选择都变动",
        "interval_key_weights": "90% 区间：仅权重变动",
        "interval_key_study": "本研究名次", "interval_key_now": "现在的名次",
        "intervals_note": "区间属于本研究，不随滑块改变：现在的名次若在区间之外，说明这组权重超出了本研究所考虑的不"
                          "确定性。",
        "band": "第 {first}–{last} 名", "band_rest": "第 {last} 名以后", "how": "这一页怎样计算",
        "how_text": "得分是各指标分值按现在的权重所作的{method}，分值已统一方向与尺度，不随滑块改变。得分保留 12 位"
                    "有效数字后排名，得分相同的城市名次相同，取较小者，与本研究一致。本页不联网，设置只在网址里。",
        "column_pin": "固定", "two_levels": "{inside}（各领域之内）与{above}（领域得分之间）",
    },
    "en": {
        "title": "Other weights, other ranks?",
        "subtitle": "Move the sliders to change what each domain counts for: ranking, map and scatter plot follow "
                    "at once.",
        "subtitle_no_map": "Move the sliders to change what each domain counts for: ranking and scatter plot follow "
                           "at once.",
        "needs_script": "This page needs a browser that runs scripts. The study's ranks are in the data tables of "
                        "All reports.",
        "controls": "Weights", "start": "Weights to start from", "domains": "Weights of the domains",
        "domains_note": "Sliders are relative; beside each stands its share of the whole, 100% in all. Inside a "
                        "domain the indicators keep the proportions of the weights you started from.",
        "reset": "Restore these weights", "moved": "Sliders moved.", "share": "Link to these settings",
        "share_note": "The address follows the settings: keep it or pass it on.",
        "share_text": "{share} of the whole",
        "indicators": "What each indicator weighs now",
        "indicator": "Indicator", "weight": "Weight", "ranking": "Ranking", "find": "Find a city",
        "find_hint": "Name or code; Enter pins the first",
        "none_found": "No city matches", "found": "{count} cities", "download": "Download this table (CSV)",
        "pinned": "Pinned",
        "no_pins": "Press a pin in the ranking, or a dot, to pin cities and compare them.",
        "pin_city": "Pin {name}", "unpin_city": "Unpin {name}", "rank": "Rank", "city": "City", "score": "Score",
        "study_rank": "Rank in the study", "study": "Study", "change": "Change", "weights": "weights only",
        "choices": "choices crossed here",
        "interval_of": "The study's rank interval (90%)",
        "weights_interval": "Rank interval (90%, weights only),",
        "choices_interval": "Rank interval (90%, choices crossed here),",
        "code": "Code", "province": "Province", "from": "from", "to": "to", "weights_used": "Weights used",
        "edition": "Data edition", "up": "up {count}", "down": "down {count}", "same": "unchanged",
        "leader": "First: {name}, {score} points. ",
        "following": "Then {names}. ",
        "nobody_moved": "The ranks are exactly the study's.",
        "moved_cities": "Against the study {count} cities change rank, {name} the most ({change}).",
        "one_needed": "At least one domain must count for something: this slider stays at 1.",
        "comma": ", ", "map": "Map",
        "map_alt": "Map: cities coloured by their present rank, the first darkest and largest; the ranking table "
                   "has the same ranks.",
        "inset_alt": "Inset: South China Sea", "inset": "South China Sea",
        "map_note": "A dot lies inside the largest part of its city; press it to pin the city.",
        "attribution": ATTRIBUTION[1],
        "scatter": "Scatter plot",
        "scatter_alt": "Scatter plot: present score against the chosen value; the ranking table has the same scores.",
        "x_axis": "Across", "y_axis": "Up: present score", "x_study": "the study's score",
        "x_domain": "{name}, score",
        "scatter_note": "On the dashed line both are equal; a city above it scores more under the present weights.",
        "intervals": "Rank intervals",
        "intervals_alt": "Rank intervals of the pinned cities, or of the present first ten; the ranking table has "
                         "the same intervals.",
        "rank_axis": "Rank", "intervals_pinned": "The pinned cities",
        "intervals_first": "The present first ten, until cities are pinned",
        "interval_key_choices": "90% interval, the choices crossed here vary",
        "interval_key_weights": "90% interval, weights vary",
        "interval_key_study": "rank in the study", "interval_key_now": "present rank",
        "intervals_note": "The intervals are the study's and do not follow the sliders: a present rank outside them "
                          "means weights beyond the uncertainty that the study considers.",
        "band": "Rank {first}–{last}", "band_rest": "Behind rank {last}", "how": "How this page computes",
        "how_text": "A score is the {method} of the indicators' points under the present weights; points have one "
                    "scale and one direction and do not follow the sliders. Scores are settled to 12 significant "
                    "digits before they are ranked and equal scores share the smaller rank, as in the study. The "
                    "page loads nothing; its settings are in its address only.",
        "column_pin": "Pin", "two_levels": "{inside} inside each domain, and then {above} of the domain scores,",
    },
})
