"""What an author takes away: figures as files for print, tables ready to paste, Word documents, workbooks.

`figure_files` writes a figure as SVG, PDF, PNG and its numbers; `table_files` a table as Markdown, LaTeX and CSV;
`word` turns reports into Word documents; `results` and `tables_book` make the workbooks; `take_away` makes all that
belongs to a run once its notebooks have been executed. The same run gives the same bytes. Texts from data stay text:
no markup, no formula.
"""
