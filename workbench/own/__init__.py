"""Own data: a workbook, a CSV file or a folder of tables, read with every problem located, and the template to fill in.

From the cell upwards: `problems` and `findings` (what is said about a cell), `numbers` and `places` (what a cell
means), `grids` and `workbooks` (files to cells), `headings` (cells to tables), one module a table, and `reading`, which
makes the input of a study out of all of them. `template` writes the workbook to fill in, `marked` the copy with the
problems marked.
"""
