"""Bad inputs and what must be said about each: the kind, the cell, and a part of the sentence.

Panels that are one table of values are files in values/, whose names say what is wrong. Folders of tables are made from
one good folder by changing a text in one table, workbooks from one good workbook by changing cells.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

VALUES = Path(__file__).parent / "values"


@dataclass(frozen=True)
class Case:
    """One bad input; `row` and `column` are None where a problem has no cell; `also` is how many problems there are
    in all, where that is to be checked."""

    name: str
    kind: str
    row: int | None = None
    column: int | None = None
    fragment: str = ""
    table: str = "values"
    change: tuple[str, str] | None = None
    cells: dict[tuple[str, int, int], object] = field(default_factory=dict)
    build: Callable[[dict[str, str]], None] | None = None
    problems: int | None = None


# --- panels of one table: files in values/ ----------------------------------------------------------------------------
FILES = (
    Case("city_misspelt_two_letters", "unknown_city", 4, 1, "最接近的是 杭州市 (330100)", problems=1),
    Case("city_misspelt_three_letters", "unknown_city", 6, 1, "the nearest is 深圳市 (440300)", problems=1),
    Case("city_misspelt_english", "unknown_city", 4, 1, "the nearest is 杭州市 (330100)", problems=1),
    Case("city_unheard_of", "unknown_city", 4, 1, "no city of the roster has this name"),
    Case("city_english_name_shared", "ambiguous_city", 4, 1, "苏州市 (320500), 宿州市 (341300)", problems=1),
    Case("city_english_name_shared_yulin", "ambiguous_city", 4, 1, "玉林市 (450900), 榆林市 (610800)"),
    Case("city_code_of_another", "code_of_another_city", 5, 2,
         "the name of 440100 is 广州市 and the code of 深圳市 is 440300", problems=1),
    Case("city_code_unknown_name_known", "unknown_code", 4, 1, "belongs to 杭州市 (330100)"),
    Case("city_name_misspelt_beside_code", "code_of_another_city", 4, 2, "the name of 330100 is 杭州市"),
    Case("city_code_of_province", "unknown_code", 4, 1, "省级代码"),
    Case("city_code_of_county", "unknown_code", 6, 1, "县级代码，属于 深圳市 (440300)"),
    Case("city_code_of_district_of_municipality", "unknown_code", 3, 1, "属于 上海市 (310000)"),
    Case("city_code_of_autonomous_prefecture", "unknown_code", 4, 1, "自治州"),
    Case("city_code_too_short", "unknown_code", 4, 1, "the nearest is 杭州市 (330100)"),
    Case("city_code_not_digits", "unknown_code", 4, 1, "no city of the roster has this code"),
    Case("city_missing", "no_city", 4, None, "neither a code nor a name", problems=1),
    Case("total_row_chinese", "total_row", 8, 1, "remove the row", problems=1),
    Case("total_row_in_name", "total_row", 8, 2, "remove the row", problems=1),
    Case("total_row_english", "total_row", 8, 1, "请删去该行", problems=1),
    Case("city_row_repeated", "repeated_row", 8, 1, "stands in row 4 already", problems=1),
    Case("city_row_repeated_by_other_name", "repeated_row", 8, 1, "杭州市 (330100) 已在第 4 行", problems=1),
    Case("indicator_unknown", "unknown_indicator", 1, 5, "I01 … I34", problems=1),
    Case("indicator_misspelt_chinese", "unknown_indicator", 1, 3, "最接近的是 I01 信息技术发展", problems=1),
    Case("indicator_misspelt_english", "unknown_indicator", 1, 3, "the nearest is I01", problems=1),
    Case("indicator_repeated", "repeated_indicator", 1, 5, "stands in column 3 already", problems=1),
    Case("indicator_repeated_by_name", "repeated_indicator", 1, 5, "已在第 3 列", problems=1),
    Case("indicator_with_year_in_heading", "heading_with_year", 1, 5, "use a long table", problems=1),
    Case("indicator_code_and_name_disagree", "ambiguous_indicator", 1, 5, "write the code", problems=1),
    Case("heading_of_a_column_missing", "no_column_heading", 2, 5, "give it one", problems=1),
    Case("heading_missing", "no_heading", 1, None, "add a heading", problems=1),
    Case("heading_without_city", "no_heading", 1, None, "head that column code or name", problems=1),
    Case("heading_with_city_repeated", "repeated_column", 1, 2, "keep one of the two"),
    Case("no_indicator_column", "no_indicator", 1, None, "no column of an indicator", problems=1),
    Case("no_rows", "no_rows", None, None, "no row below the heading", problems=1),
    Case("only_remarks", "empty_table", None, None, "the table is empty", problems=1),
    Case("no_values", "no_values", None, None, "no figure at all", problems=1),
    Case("two_cities", "too_few_cities", None, None, "at least 3 are needed", problems=1),
    Case("indicator_constant", "constant_indicator", 2, 5, "cannot rank them", problems=1),
    Case("value_is_a_word", "not_a_number", 4, 3, "leave the cell blank", problems=1),
    Case("value_is_hash_error", "error_value", 4, 3, "mend the formula", problems=1),
    Case("value_with_two_points", "not_a_number", 4, 3, "write one", problems=1),
    Case("value_is_a_range", "range_of_numbers", 4, 3, "请填一个数", problems=1),
    Case("value_infinite", "not_finite", 4, 3, "finite number", problems=1),
    Case("value_is_a_formula_text", "formula_text", 4, 3, "write its result", problems=1),
    Case("values_many_wrong", "code_of_another_city", 5, 2, "440300", problems=2),
    Case("long_year_not_a_year", "not_a_year", 4, 3, "write four digits", problems=1),
    Case("long_year_a_word", "not_a_year", 4, 3, "请写四位数字", problems=1),
    Case("long_figure_repeated", "repeated_figure", 10, 4, "in row 4 already", problems=1),
    Case("long_year_missing_beside_dated", "year_missing", 10, 4, "has no year", problems=1),
    Case("long_indicator_unknown", "unknown_indicator", 4, 2, "I01 … I34", problems=1),
    Case("long_indicator_missing", "no_indicator", 4, 2, "give its code", problems=1),
    Case("long_without_value_column", "missing_column", 1, 2, "no column value", problems=1),
    Case("long_year_column_misspelt", "unknown_column", 1, 3, "the nearest is year", problems=1),
    Case("note_with_control_character", "control_character", 3, 4, "type the text anew"),
    Case("year_of_a_wide_table_wrong", "not_a_year", 3, 2, "write four digits", problems=1),
)

# --- folders: one good folder, one text changed -----------------------------------------------------------------------
GOOD = {
    "values": """code,name,A1-1,A1-2,A1-3,B1-1,B2-1
X01,East One,1.5,20,300,5,7
X02,East Two,2.5,24,310,4,9
X03,East Three,3.1,21,305,3,8
X04,West One,1.1,29,330,6,5
X05,West Two,0.9,26,322,8,6
X06,West Three,2.2,23,318,7,4
""",
    "framework": """code,level,parent,name_zh,name_en,direction,unit_zh,unit_en
A,domain,,服务,Services,,,
B,domain,,保障,Means,,,
A1,subdomain,A,供给,Supply,,,
B1,subdomain,B,资金,Money,,,
B2,subdomain,B,人员,Staff,,,
A1-1,indicator,A1,机构,Homes,+,个,homes
A1-2,indicator,A1,床位,Beds,+,张,beds
A1-3,indicator,A1,轮候,Waiting,-,天,days
B1-1,indicator,B1,经费,Budget,+,万元,10 000 yuan
B2-1,indicator,B2,护工,Carers,+,人,persons
""",
    "cities": """code,name,name_en,lon,lat,zone
X01,东一,East One,110.1,30.1,东片
X02,东二,East Two,110.2,30.2,东片
X03,东三,East Three,110.3,30.3,东片
X04,西一,West One,109.1,30.1,西片
X05,西二,West Two,109.2,30.2,西片
X06,西三,West Three,109.3,30.3,西片
""",
    "regions": """system,system_zh,system_en,name,name_en
zone,两片,Two zones,东片,East
zone,两片,Two zones,西片,West
""",
    "experts": """expert,name_zh,name_en,weight,description_zh,description_en
one,甲,One,1,,
two,乙,Two,2,,
""",
    "judgements": """expert,node,row,column,value
one,goal,A,B,3
one,A1,A1-1,A1-2,2
one,A1,A1-1,A1-3,1/3
one,A1,A1-2,A1-3,1/4
one,B,B1,B2,1
two,goal,A,B,1/2
two,A1,A1-1,A1-2,1
two,A1,A1-1,A1-3,1
two,A1,A1-2,A1-3,1
two,B,B1,B2,5
""",
}
FOLDERS = (
    Case("code_repeated", "repeated_code", 10, 1, "repeats the code of row 9", "framework", ("B1-1,ind", "A1-3,ind")),
    Case("parent_unknown", "unknown_parent", 7, 3, "none of the codes", "framework", ("A1-1,indicator,A1", "A1-1,indicator,Z9")),
    Case("parent_missing", "no_parent", 7, 3, "give the code of a sub-domain", "framework", ("A1-1,indicator,A1", "A1-1,indicator,")),
    Case("parent_on_the_wrong_level", "wrong_parent", 7, 3, "and A is a domain", "framework", ("A1-1,indicator,A1", "A1-1,indicator,A")),
    Case("domain_with_parent", "wrong_parent", 3, 3, "a domain has no parent", "framework", ("B,domain,", "B,domain,A")),
    Case("own_parent", "cycle", 4, 3, "its own ancestor", "framework", ("A1,subdomain,A,", "A1,subdomain,A1,")),
    Case("level_unknown", "unknown_level", 7, 2, "the nearest is indicator", "framework", ("A1-1,indicator", "A1-1,indicater")),
    Case("direction_missing", "no_direction", 7, 6, "write + where larger is better", "framework", ("Homes,+", "Homes,")),
    Case("direction_unknown", "unknown_direction", 7, 6, "方向应为", "framework", ("Homes,+", "Homes,sideways")),
    Case("domain_without_indicator", "empty_node", 4, 1, "no indicator below", "framework",
         ("B,domain,,保障,Means,,,", "B,domain,,保障,Means,,,\nC,domain,,空,Empty,,,")),
    Case("name_missing", "no_name", 7, 4, "there is no name", "framework", ("机构,Homes", ",")),
    Case("code_with_blank_letters", "bad_code", 2, 1, "letters, digits", "framework", ("A,domain", "甲/乙,domain")),
    Case("code_reserved", "reserved_code", 2, 1, "reserved word", "framework", ("A,domain", "goal,domain")),
    Case("column_of_levels_missing", "missing_column", 1, None, "lacks the column level", "framework", (",level,", ",lvl,")),
    Case("column_misspelt", "unknown_column", 1, 7, "the nearest is unit_zh", "framework", ("unit_zh", "unit_hz")),
    Case("framework_without_rows", "no_rows", None, None, "no row below", "framework", ("", "")),
    Case("city_code_repeated", "repeated_code", 3, 1, "repeats the code of row 2", "cities", ("X02,东二", "X01,东二")),
    Case("city_code_with_signs", "bad_code", 3, 1, "letters, digits", "cities", ("X02,东二", "X 0/2,东二")),
    Case("city_name_missing", "no_name", 3, 2, "has no name", "cities", ("X02,东二", "X02,")),
    Case("city_of_unknown_region", "unknown_region", 3, 6, "the nearest is 东片", "cities", ("110.2,30.2,东片", "110.2,30.2,东边片")),
    Case("city_without_region", "unknown_region", 3, 6, "no region is given", "cities", ("110.2,30.2,东片", "110.2,30.2,")),
    Case("longitude_too_large", "coordinate_out_of_range", 3, 4, "between −180 and 180", "cities", ("110.2,", "1102,")),
    Case("latitude_too_large", "coordinate_out_of_range", 3, 5, "between −90 and 90", "cities", (",30.2,", ",300.2,")),
    Case("latitude_a_word", "not_a_number", 3, 5, "not a number", "cities", (",30.2,", ",north,")),
    Case("city_of_values_not_in_cities", "unknown_code", 4, 1, "the table cities", "values", ("X03,East Three", "X33,")),
    Case("city_of_values_under_another_name", "code_of_another_city", 4, 2, "the name of X03 is 东三", "values",
         ("X03,East Three", "X03,West One")),
    Case("indicator_of_the_repository_in_an_own_tree", "unknown_indicator", 1, 3, "A1-1 … B2-1", "values", ("A1-1", "I01")),
    Case("region_repeated", "repeated_region", 3, 4, "repeats row 2", "regions", ("zone,两片,Two zones,西片,West",
         "zone,两片,Two zones,东片,West")),
    Case("system_without_column", "missing_column", 1, None, "has no such column", "regions",
         ("zone,两片,Two zones,西片,West", "zone,两片,Two zones,西片,West\nland,地形,Land,山,Hill")),
    Case("system_named_like_a_column", "reserved_code", 4, 1, "another meaning", "regions",
         ("zone,两片,Two zones,西片,West", "zone,两片,Two zones,西片,West\nname,地形,Land,山,Hill")),
    Case("region_without_name", "no_name", 3, 4, "has no name", "regions", ("西片,West", ",West")),
    Case("weight_zero", "weight_not_positive", 2, 4, "above 0", "experts", ("One,1", "One,0")),
    Case("weight_negative", "weight_not_positive", 2, 4, "应大于 0", "experts", ("One,1", "One,-2")),
    Case("weight_missing", "weight_not_positive", 2, 4, "above 0", "experts", ("One,1", "One,")),
    Case("expert_repeated", "repeated_code", 3, 1, "repeats the expert of row 2", "experts", ("two,乙", "one,乙")),
    Case("expert_unknown", "unknown_expert", 7, 1, "the table experts has no twoo; the nearest is two", "judgements",
         ("two,goal", "twoo,goal")),
    Case("node_unknown", "unknown_node", 2, 2, "no such node", "judgements", ("one,goal", "one,gaol")),
    Case("label_unknown", "unknown_label", 2, 3, "not a child of the node", "judgements", ("one,goal,A,B", "one,goal,A1,B")),
    Case("judgement_negative", "judgement_not_positive", 2, 5, "above 0", "judgements", ("A,B,3", "A,B,-3")),
    Case("judgement_zero", "judgement_not_positive", 2, 5, "above 0", "judgements", ("A,B,3", "A,B,0")),
    Case("judgement_a_word", "not_a_judgement", 2, 5, "such as 1/3", "judgements", ("A,B,3", "A,B,three")),
    Case("judgement_fraction_of_zero", "not_a_judgement", 2, 5, "such as 1/3", "judgements", ("A,B,3", "A,B,1/0")),
    Case("judgement_above_nine", "judgement_out_of_scale", 2, 5, "between 1/9 and 9", "judgements", ("A,B,3", "A,B,12")),
    Case("judgement_below_one_ninth", "judgement_out_of_scale", 2, 5, "between 1/9 and 9", "judgements", ("A,B,3", "A,B,1/12")),
    Case("judgement_repeated", "repeated_judgement", 3, 5, "stands twice", "judgements",
         ("one,goal,A,B,3", "one,goal,A,B,3\none,goal,A,B,4")),
    Case("judgements_not_reciprocal", "not_reciprocal", 3, 5, "not the reciprocal", "judgements",
         ("one,goal,A,B,3", "one,goal,A,B,3\none,goal,B,A,3")),
    Case("diagonal_not_one", "diagonal_not_one", 3, 5, "the diagonal is 1", "judgements",
         ("one,goal,A,B,3", "one,goal,A,B,3\none,goal,A,A,2")),
    Case("judgements_unconnected", "unconnected_judgements", None, None, "not linked to A1-1: A1-3", "judgements",
         ("one,A1,A1-1,A1-3,1/3\none,A1,A1-2,A1-3,1/4\n", "")),
)

# --- workbooks: one good workbook, some cells changed (rows and columns counted from 0) -------------------------------
WORKBOOKS = (
    Case("fraction_turned_into_a_date", "judgement_is_date", 2, 3, "took a fraction for a date", "ahp_one_goal",
         cells={("ahp_one_goal", 1, 2): datetime.date(2024, 1, 3)}),
    Case("matrix_label_unknown", "unknown_label", 1, 3, "the nearest is B", "ahp_one_goal",
         cells={("ahp_one_goal", 0, 2): "BB"}),
    Case("matrix_label_missing", "not_square", None, None, "on one side only", "ahp_one_goal",
         cells={("ahp_one_goal", 2, 0): ""}),
    Case("matrix_not_reciprocal", "not_reciprocal", 3, 2, "clear the cells below", "ahp_one_goal",
         cells={("ahp_one_goal", 2, 1): 3}),
    Case("matrix_diagonal", "diagonal_not_one", 2, 2, "the diagonal is 1", "ahp_one_goal",
         cells={("ahp_one_goal", 1, 1): 2}),
    Case("matrix_out_of_scale", "judgement_out_of_scale", 2, 3, "between 1/9 and 9", "ahp_one_goal",
         cells={("ahp_one_goal", 1, 2): 10}),
    Case("number_as_text_that_is_none", "not_a_number", 3, 3, "leave the cell blank", "values", cells={("values", 2, 2): "some"}),
    Case("city_code_of_no_city_as_number", "unknown_code", 3, 1, "belongs to 东二 (X02)", "values",
         cells={("values", 2, 0): 440300.0}),
    Case("date_in_a_cell_of_figures", "date_for_number", 3, 3, "took the number for a date", "values", cells={("values", 2, 2): datetime.date(2024, 5, 1)}),
    Case("truth_value_in_a_cell_of_figures", "truth_value", 3, 3, "write a number", "values", cells={("values", 2, 2): True}),
)
