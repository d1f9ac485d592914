"""Own data: a workbook, a CSV file or a folder of tables, read with every problem located, and the template to fill in.

From the cell upwards: `problems` and `findings` (what is said about a cell), `numbers` and `places` (what a cell
means), `grid` (the cells of a table), `workbooks` and `grids` (files to cells), `headings` (cells to tables), one
module per table, and `reading`, which makes a `study_input` out of all of them. `template` writes the workbook to fill
in, `marked` the copy with the problems marked.
"""
