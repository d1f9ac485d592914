"""Nothing is lost: killed at any moment, out of room, interrupted or begun twice, a run leaves whole outputs behind.

The first part kills a process at every single step that it takes in the file system while it opens, fills, moves and
discards its staging folder. The second kills, interrupts and starves real runs of the runner: workers, kernels and
all, in a copy of the repository with a notebook that takes no time. Each part is one process that forks others, so
that nothing is imported a hundred times.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from conftest import ROOT, copy_repository, snapshot, study_environment

from workbench.planning import RunError
from workbench.running import lock, staging

pytestmark = [pytest.mark.whole, pytest.mark.skipif(os.name != "posix", reason="processes are forked and killed")]

PARTS = ("data/processed", "reports")
CHANGES = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.symlink", "os.chmod")
SEED = 20201218
KILLS = 20


# --- processes ------------------------------------------------------------------------------------------------------
def forked(act, *arguments) -> int:
    """Start a function in a process of its own; its exit code is 0, 2 for a RunError, 1 for any other problem."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        act(*arguments)
        code = 0
    except RunError as error:
        print(error, file=sys.stderr)
        code = 2
    except KeyboardInterrupt as error:
        from workbench.running.stopping import exit_code

        code = exit_code(error)
    finally:
        if code == 1:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


def ended(process: int) -> int:
    """Wait for a process; its exit code, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed_at(step: int, act, *arguments) -> bool:
    """Kill a process just before its `step`-th change in the file system; False where it ended before."""
    def run() -> None:
        left = [step]

        def count(event: str, given: tuple) -> None:
            if event in CHANGES and not (event == "open" and given[1] in ("r", "rb")):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        act(*arguments)

    code = ended(forked(run))
    assert code in (0, -signal.SIGKILL), code
    return code < 0


def driver(function: str, *arguments: str, source: Path = ROOT, timeout: float = 300) -> dict:
    """Call a function of this file in a process of its own, with the package of `source`; returns what it returns."""
    call = f"import json, test_nothing_lost as t; print(json.dumps(t.{function}(*{list(arguments)!r})))"
    found = (str(source), str(Path(__file__).parent), str(ROOT / "tests"))
    environment = {**study_environment(), "PYTHONPATH": os.pathsep.join(found)}
    done = subprocess.run([sys.executable, "-c", call], cwd=source, env=environment, text=True, encoding="utf-8",
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"err": done.stderr}


# --- every step in the file system ----------------------------------------------------------------------------------
def outputs(word: str, run: str = "mine") -> dict[str, str]:
    return {f"{part}/{run}/{name}": word for part in PARTS for name in ("a.csv", f"deep/{word}.csv")}


def content(root: Path, run: str = "mine") -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for part in PARTS
            for path in sorted((root / part / run).rglob("*")) if path.is_file()}


def leftovers(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for part in PARTS for path in (root / part).glob(".*")]


def fill(folder: Path, run: str, word: str) -> None:
    for part in ("data", "reports"):
        (folder / part / run / "deep").mkdir()
        for name in ("a.csv", f"deep/{word}.csv"):
            (folder / part / run / name).write_text(word)


def make(root: Path, word: str, run: str = "mine") -> None:
    """What the runner does, with files of one word."""
    folder = staging.open_staging(run, root)
    try:
        fill(folder, run, word)
        staging.put_in_place(run, root)
    finally:
        staging.discard(run, root)


def read(root: Path, allowed: list[dict], run: str = "mine") -> None:
    with staging.reading(run, root=root):
        found = content(root, run)
        assert found in allowed, found


def fresh(folder: Path, name: str, before: bool) -> tuple[Path, list[dict]]:
    """A root with or without outputs of an earlier run, and what may be found in it while a new one is made."""
    root = folder / name
    for part in PARTS:
        (root / part).mkdir(parents=True)
    if before:
        assert ended(forked(make, root, "old")) == 0
    return root, [outputs("old") if before else {}, outputs("new")]


def check_after_kill(root: Path, allowed: list[dict], reader: bool) -> None:
    """A reader sees old or new outputs whole; the next run works and leaves nothing behind."""
    for part in PARTS:
        found = {name: text for name, text in content(root).items() if name.startswith(part)}
        assert not found or found in [{name: text for name, text in whole.items() if name.startswith(part)}
                                      for whole in allowed], found
    if reader:
        assert ended(forked(read, root, allowed)) == 0
        assert content(root) in allowed
    assert ended(forked(make, root, "next")) == 0
    assert content(root) == outputs("next") and leftovers(root) == []


def kill_at_every_step(folder: str, before: str) -> dict:
    """Kill the making of a run at every step, with a reader before the next run and without."""
    step, killed = 0, True
    while killed:
        for reader in (True, False):
            root, allowed = fresh(Path(folder), f"{step}-{reader}", before == "old")
            killed = killed_at(step, make, root, "new")
            check_after_kill(root, allowed, reader)
        step += 1
    return {"steps": step}


def kill_twice(folder: str, times: int) -> dict:
    """Kill a run at some step, and whoever comes next, a reader or a run, at some step of its own."""
    chance = random.Random(SEED)
    for number in range(times):
        root, allowed = fresh(Path(folder), str(number), True)
        killed_at(chance.randrange(70), make, root, "new")
        if chance.random() < 0.5:
            killed_at(chance.randrange(20), read, root, allowed)
        else:
            killed_at(chance.randrange(70), make, root, "new")
        check_after_kill(root, allowed, chance.random() < 0.5)
    return {"times": times}


class TestEveryStep:
    @pytest.mark.parametrize("before", ["old", "nothing"])
    def test_killed_at_any_step(self, tmp_path, before):
        assert driver("kill_at_every_step", str(tmp_path), before)["steps"] > 25

    def test_killed_again_while_the_next_one_cleans_up(self, tmp_path):
        driver("kill_twice", str(tmp_path), 100)

    def test_stopped_by_ctrl_c_between_two_moves_the_move_is_still_made(self, tmp_path):
        """The runner lets nothing interrupt the move, which is a matter of milliseconds."""
        assert driver("interrupt_the_move", str(tmp_path))["code"] == 0


def interrupt_the_move(folder: str) -> dict:
    from workbench.running.stopping import ended_by_signals, unstoppable

    root, _ = fresh(Path(folder), "one", True)

    def run() -> None:
        fill(staging.open_staging("mine", root), "mine", "new")
        rename = Path.rename
        Path.rename = lambda path, target: (signal.raise_signal(signal.SIGINT), signal.raise_signal(signal.SIGTERM),
                                            rename(path, target))[-1]
        with ended_by_signals(), unstoppable():
            staging.put_in_place("mine", root)
        staging.discard("mine", root)

    code = ended(forked(run))
    assert content(root) == outputs("new") and leftovers(root) == []
    return {"code": code}


# --- several at once ------------------------------------------------------------------------------------------------
def begin_together(root: Path, names: list[str]) -> list[int]:
    """Exit codes of processes that make runs of these names and begin in the same instant.

    Whoever has a turn keeps it until all others of that name have been refused.
    """
    start, go = os.pipe()
    wait, finish = os.pipe()

    def run(name: str) -> None:
        os.close(go), os.close(finish)
        os.read(start, 1)
        folder = staging.open_staging(name, root)
        try:
            fill(folder, name, "new")
            os.read(wait, 1)
            staging.put_in_place(name, root)
        finally:
            staging.discard(name, root)

    for name in names:
        forked(run, name)
    os.close(go)
    refused = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(len(names) - len(set(names)))]
    os.close(finish)
    codes = refused + [os.waitstatus_to_exitcode(os.wait()[1]) for _ in set(names)]
    os.close(start), os.close(wait)
    return codes


def same_name(folder: str) -> dict:
    codes = []
    for number in range(10):
        root, _ = fresh(Path(folder), str(number), True)
        codes.append(begin_together(root, ["mine"] * 5))
        assert content(root) == outputs("new") and leftovers(root) == []
    return {"codes": codes}


def different_names(folder: str) -> dict:
    """Side by side, while there is something of a killed run to clean up."""
    codes, names = [], [f"run{number}" for number in range(6)]
    for number in range(5):
        root, _ = fresh(Path(folder), str(number), True)
        killed_at(15, make, root, "new")
        codes += begin_together(root, names)
        assert all(content(root, name) == outputs("new", name) for name in names)
        assert content(root) == outputs("old") and leftovers(root) == []
    return {"codes": codes}


def pass_turns(folder: str, times: int) -> dict:
    """Take and give back one turn in four processes; a mark that is made twice betrays two who have it."""
    turn, mark = Path(folder) / ".turn-mine", Path(folder) / "mark"

    def run() -> None:
        had = 0
        while had < times:
            if lock.take(turn):
                mark.touch(exist_ok=False)
                mark.unlink()
                lock.give_back(turn)
                had += 1

    for _ in range(4):
        forked(run)
    return {"codes": [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)], "left": os.listdir(folder)}


def read_while_moving(folder: str, rounds: int) -> dict:
    """Read a run again and again while it is replaced again and again."""
    root, _ = fresh(Path(folder), "one", True)
    allowed = [outputs(word) for word in ("old", "new")]
    seen = {"whole": 0, "told": 0}

    def write() -> None:
        for number in range(rounds):
            make(root, ("new", "old")[number % 2])

    writer = forked(write)
    while not os.waitpid(writer, os.WNOHANG)[0]:
        try:
            read(root, allowed)
            seen["whole"] += 1
        except RunError as error:
            assert "was replaced while it was read" in str(error)
            seen["told"] += 1
    return seen


def read_as_a_move_begins(folder: str) -> dict:
    """Read a run whose replacement is half moved between the reader's looking for one and its reading."""
    root, _ = fresh(Path(folder), "one", True)
    fill(staging.open_staging("mine", root), "mine", "new")
    settle, begun = staging.settle, []

    def settle_and_begin(run: str, root: Path) -> None:
        settle(run, root)
        if not begun:
            begun.append(run)
            ready = staging.STAGED.pop(staging.hidden(root, "staging", run)).rename(staging.hidden(root, "ready", run))
            for part, target in staging.targets(root, run).items():
                staging.retire(target, ready / part / ".old")
            (ready / "data" / run).rename(staging.targets(root, run)["data"])

    staging.settle = settle_and_begin
    read(root, [outputs("new")])
    staging.discard("mine", root)
    assert leftovers(root) == []
    return {"begun": begun}


class TestAtOnce:
    def test_of_several_in_the_same_instant_one_makes_the_run(self, tmp_path):
        found = driver("same_name", str(tmp_path))
        assert found["codes"] == [[2, 2, 2, 2, 0]] * 10
        sentences = found["err"].strip().splitlines()
        assert len(sentences) == 40
        assert all(line.startswith("run mine is being made by process ") and "--run another name" in line
                   for line in sentences)

    def test_a_turn_is_one_process_s_however_often_it_changes_hands(self, tmp_path):
        assert driver("pass_turns", str(tmp_path), 1000) == {"codes": [0] * 4, "left": [], "err": ""}

    def test_runs_of_different_names_do_not_disturb_each_other(self, tmp_path):
        assert driver("different_names", str(tmp_path)) == {"codes": [0] * 30, "err": ""}

    def test_a_reader_sees_a_whole_run_or_one_sentence(self, tmp_path):
        seen = driver("read_while_moving", str(tmp_path), 300)
        assert seen["whole"] > 10 and seen["told"] > 0

    def test_a_move_that_begins_just_before_the_reading_is_finished_first(self, tmp_path):
        assert driver("read_as_a_move_begins", str(tmp_path)) == {"begun": ["mine"], "err": ""}


# --- real runs of the runner ----------------------------------------------------------------------------------------
RUNS = ("one", "two")
CITIES = {"old": "深圳市", "new": "北京市"}
TABLES = """import os, time
from pathlib import Path
for part in ("STUDY_DATA", "STUDY_REPORTS"):
    for number in range(10):
        (Path(os.environ[part]) / run / f"01_{number}.csv").write_text(f"{city}\\n" * 20_000)
        time.sleep(0.03)"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the repository whose first notebook only writes twenty files that name a choice of its run."""
    from nbformat import read, write
    from nbformat.v4 import new_code_cell

    root = copy_repository(tmp_path_factory.mktemp("lost") / "study")
    path = root / "notebooks/01_clean_data.ipynb"
    notebook = read(path, 4)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    notebook.cells = [parameters, new_code_cell(TABLES)]
    write(notebook, path)
    return root


@pytest.fixture
def scratch(monkeypatch):
    """The folder for temporary files of what a test starts: a short name, for the sockets of kernels stand in it."""
    with TemporaryDirectory(prefix="lost-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def execute(word: str, run: str) -> None:
    """Run the one notebook, which imports next to nothing, without scoring anything first."""
    from analysis.settings import load_settings
    from workbench import planning
    from workbench.project import Project
    from workbench.running import pipeline

    pipeline.score_in_memory = lambda *_: None
    settings = load_settings(overrides={"city": CITIES[word]})
    pipeline.execute(planning.make_plan(run, "zh", settings, ("01",)), Project(), lambda line: None, reports=False)


def made(run: str) -> dict[str, str]:
    """sha256 of the outputs of a run, read as a command reads them; its record of times apart."""
    with staging.reading(run):
        found = snapshot(*staging.targets(staging.ROOT, run).values())
    return {name: digest for name, digest in found.items() if not name.endswith("run_record.json")}


def of_the_run() -> list[psutil.Process]:
    """All processes but this one that work in the copy of the repository."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and Path(process.cwd()) == staging.ROOT and process.status() != "zombie":
                found.append(process)
    return found


def wait_for_the_last() -> None:
    """Wait until no process of a run is left; left alone, its workers would stay for ever."""
    last = time.monotonic() + 20
    while of_the_run():
        assert time.monotonic() < last, of_the_run()
        time.sleep(0.05)


def prepared() -> tuple[dict, float]:
    """Outputs of either word of both runs, the old ones in place, and the seconds that a run takes; made only once."""
    import workbench.running.pipeline  # noqa: F401  imported before anything is forked

    kept = staging.ROOT.parent / "references.json"
    if kept.is_file():
        references, duration = json.loads(kept.read_text())
        assert all(made(run) == references[run]["old"] for run in RUNS), "an earlier test has left other outputs"
        return references, duration
    references = {run: {} for run in RUNS}
    for word in ("new", "old"):
        began = time.monotonic()
        for process in [forked(execute, word, run) for run in RUNS]:
            assert ended(process) == 0
        for run in RUNS:
            references[run][word] = made(run)
    assert all(len(whole["old"]) > 20 and whole["old"] != whole["new"] for whole in references.values())
    kept.write_text(json.dumps([references, time.monotonic() - began]))
    return prepared()


def kill_real_runs(kills: int) -> dict:
    """Kill two runs side by side at random moments, again and again, the next ones beginning at once."""
    chance = random.Random(SEED)
    references, duration = prepared()
    now, survived = dict.fromkeys(RUNS, "old"), 0
    for _ in range(kills // 2):
        began = time.monotonic()
        wanted = {run: {"old": "new", "new": "old"}[now[run]] for run in RUNS}
        children = {run: forked(execute, wanted[run], run) for run in RUNS}
        for moment, run in sorted((chance.uniform(0, duration * 1.1), run) for run in RUNS):
            time.sleep(max(0, began + moment - time.monotonic()))
            os.kill(children[run], signal.SIGKILL)
            if ended(children[run]) == 0:
                survived += 1
                duration *= 0.8  # the machine is less busy than when a whole run was timed
        for run in RUNS:
            found = made(run)
            assert found in references[run].values()
            now[run] = next(word for word, whole in references[run].items() if whole == found)
    for process in [forked(execute, "old", run) for run in RUNS]:
        assert ended(process) == 0
    assert all(made(run) == references[run]["old"] for run in RUNS)
    assert leftovers(staging.ROOT) == []
    wait_for_the_last()
    return {"survived": survived}


def wait_for_files(count: int) -> None:
    """Wait until a run has its staging folder and has written so many of its twenty files."""
    home = staging.hidden(staging.ROOT, "staging", "one")
    last = time.monotonic() + 60
    while not home.is_dir() or len(list(home.rglob("01_*.csv"))) < count:
        assert time.monotonic() < last
        time.sleep(0.01)


def stop_real_runs(name: str, everyone: str) -> dict:
    """Send a signal to a run at several moments, to all its processes (as a terminal does) or to the first only."""
    references, _ = prepared()
    codes = []

    def run() -> None:
        os.setsid()
        execute("new", "one")

    for files in (0, 2, 12):
        process = forked(run)
        wait_for_files(files)
        (os.killpg if everyone else os.kill)(process, getattr(signal, name))
        codes.append(ended(process))
        wait_for_the_last()
        assert made("one") == references["one"]["old"]
        assert leftovers(staging.ROOT) == [], (files, codes, leftovers(staging.ROOT))
    return {"codes": codes}


def starve_real_runs() -> dict:
    """Let runs write only files up to a size, which is what a full disk is to a process: a write that fails."""
    import resource

    references, _ = prepared()

    def run(limit: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        execute("new", "one")

    codes = []
    for limit in (0, 500, 30_000):
        codes.append(ended(forked(run, limit)))
        assert made("one") == references["one"]["old"] and leftovers(staging.ROOT) == []
    wait_for_the_last()
    return {"codes": codes}


def worker_killed() -> dict:
    """A worker is killed, as the system does for want of memory."""
    references, _ = prepared()
    process = forked(execute, "new", "one")
    wait_for_files(3)
    workers = [child for child in psutil.Process(process).children() if "spawn_main" in " ".join(child.cmdline())]
    workers[-1].kill()
    code = ended(process)
    assert made("one") == references["one"]["old"] and leftovers(staging.ROOT) == []
    wait_for_the_last()
    return {"code": code}


def told(err: str) -> list[str]:
    """What was said, without the word of Python's own cleaner about processes that a test ends with os._exit."""
    return [line for line in err.splitlines() if "resource_tracker" not in line and "warnings.warn(" not in line]


def failed_in(err: str) -> set[str]:
    """The files that tracebacks name.

    After a kill, Python and Jupyter may name theirs: the start of a process that was born in the very moment in which
    the one that wanted it was killed, and so never heard what to do.
    """
    return set(re.findall(r'^ +File "([^"]+)"', err, re.MULTILINE))


class TestRealRuns:
    def test_killed_at_random_moments(self, place, scratch):
        found = driver("kill_real_runs", KILLS, source=place)
        assert found["survived"] < KILLS / 2, "most were killed before they were done"
        ours = {"analysis", "workbench"}
        assert [file for file in failed_in(found["err"]) if ours & set(Path(file).parts)] == [], found["err"]
        # the folder for scratch goes too, but for a kill before any other process had heard of it
        assert len(list(scratch.iterdir())) < KILLS / 4

    @pytest.mark.parametrize(("name", "everyone", "code"), [("SIGINT", "all", 130), ("SIGTERM", "", 143)])
    def test_stopped(self, place, scratch, name, everyone, code):
        found = driver("stop_real_runs", name, everyone, source=place)
        assert found["codes"] == [code] * 3 and told(found["err"]) == []
        assert list(scratch.rglob("*")) == []

    def test_a_full_disk_is_one_sentence(self, place, scratch):
        found = driver("starve_real_runs", source=place)
        assert found["codes"] == [2] * 3
        assert set(found["err"].strip().splitlines()) == {
            "the disk is full (File too large): free 200 MB and run the same command again"}
        assert list(scratch.rglob("*")) == []

    def test_a_worker_that_is_killed_is_one_sentence(self, place, scratch):
        found = driver("worker_killed", source=place)
        assert found["code"] == 2
        assert found["err"].startswith("a worker process was ended from outside") and "Traceback" not in found["err"]
