"""One city's account: every number between a raw cell and the score, as text, as one page and as a live workbook.

`read_run` reads the tables of a run and makes sure that each follows from the one before; `city_account` takes one city
out of them, contributions adding up to the score to the last bit; `account_text` prints it, `write_profile` makes its
page (HTML and PDF) and its workbook, whose formulas recompute the score.
"""

from workbench.profile.account import Account, city_account
from workbench.profile.files import write_profile
from workbench.profile.run_tables import AccountError, RunTables, read_run
from workbench.profile.terminal import account_text

__all__ = ["Account", "AccountError", "RunTables", "account_text", "city_account", "read_run", "write_profile"]
