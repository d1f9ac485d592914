"""One city: its account, every number between a raw cell and the score, and its page among its peers.

`read_run` reads the tables of a run and makes sure that each follows from the one before. `city_account` takes one city
out of them, contributions adding up to the score to the last bit; `account_text` prints it, `write_profile` makes its
page (HTML and PDF) and its workbook, whose formulas recompute the score. `profiles_of` compares every city with its
tier and its region at once; `write_profiles` writes the page of each city and the list of them all, `write_pdfs` sets
cities on paper.
"""

from workbench.cities.account import Account, city_account
from workbench.cities.account_terminal import account_text
from workbench.cities.files import list_lines, write_account, write_pdfs, write_profiles
from workbench.cities.moves import Improvement, Move, moves_of
from workbench.cities.peers import Peers, compare
from workbench.cities.profiles import Profiles, profiles_now, profiles_of
from workbench.cities.run_tables import AccountError, RunTables, read_run

__all__ = ["Account", "AccountError", "Improvement", "Move", "Peers", "Profiles", "RunTables", "account_text",
           "city_account", "compare", "list_lines", "moves_of", "profiles_now", "profiles_of", "read_run",
           "write_account", "write_pdfs", "write_profiles"]
