"""Signals while processes are started: they wait, and reach the run and its workers afterwards."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from conftest import ROOT, study_environment

pytestmark = [pytest.mark.whole, pytest.mark.skipif(os.name != "posix", reason="signals are held back on POSIX only")]

HELD_BACK = """
import os, signal, sys, threading, time
from multiprocessing import get_context
from workbench.running.stopping import ended_by_signals, signals_held_back

if __name__ == "__main__":
    number = getattr(signal, sys.argv[1])
    if signal.getsignal(number) == signal.SIG_IGN:  # the tests were begun with nohup
        signal.signal(number, signal.SIG_DFL)
    if sys.argv[2] == "thread":  # one that the signal may reach instead of this one
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    process = get_context("spawn").Process(target=print, args=("heard what to do",))
    try:
        with ended_by_signals(), signals_held_back():
            os.kill(os.getpid(), number)
            process.start()
    except KeyboardInterrupt as error:
        process.join()
        print(getattr(error, "code", "interrupted"))
"""
WORKER = """
import os, time
from workbench.running.pipeline import workers

if __name__ == "__main__":
    with workers() as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        try:
            pool.submit(time.sleep, 60).result()
        except Exception as error:
            print(type(error).__name__)
"""


def started(code: str, *arguments: str, folder) -> subprocess.Popen:
    script = folder / "script.py"
    script.write_text(code, encoding="utf-8")
    return subprocess.Popen([sys.executable, str(script), *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                            env={**study_environment(), "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize(("name", "end"), [("SIGINT", "interrupted"), ("SIGTERM", "143"), ("SIGHUP", "129")])
@pytest.mark.parametrize("beside", ["", "thread"])
def test_a_signal_waits_until_a_process_has_been_started(name, end, beside, tmp_path):
    process = started(HELD_BACK, name, beside, folder=tmp_path)
    assert process.communicate(timeout=60)[0].splitlines() == ["heard what to do", end] and process.returncode == 0


def test_a_worker_can_be_ended_by_a_signal_and_leaves_interrupts_to_the_run(tmp_path):
    process = started(WORKER, folder=tmp_path)
    worker = psutil.Process(int(process.stdout.readline()))
    worker.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert worker.is_running() and worker.status() != "zombie"
    worker.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == "BrokenProcessPool\n" and process.returncode == 0
