"""One page a city: where it stands, among whom, on what data, and what would move it ten places.

`profiles_of` takes a run's tables and compares every city with its tier and its region at once; `write_profiles`
writes the page of each city and the list of them all; `write_pdfs` sets cities on paper. The account of one city, cell
by cell, is `workbench.profile`'s.
"""

from workbench.city_profiles.files import list_lines, write_pdfs, write_profiles
from workbench.city_profiles.moves import Move, Step, moves_of
from workbench.city_profiles.peers import Peers, compare
from workbench.city_profiles.profiles import Profiles, profiles_now, profiles_of

__all__ = ["Move", "Peers", "Profiles", "Step", "compare", "list_lines", "moves_of", "profiles_now",
           "profiles_of", "write_pdfs", "write_profiles"]
