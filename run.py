#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""One command from a fresh clone to the reports: make the environment, then hand over to the study.

Only the standard library, and only syntax that every Python since 2.7 can parse: whoever starts it with a wrong
Python reads which one is needed instead of a syntax error. How and why: docs/environment.md.
"""
import ast
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

OLDEST, BEYOND = (3, 11), (3, 14)
UV_VERSION = "0.13.9"
WINDOWS = os.name == "nt"
ROOT = os.path.dirname(os.path.realpath(__file__))
LOCK = os.path.join(ROOT, "requirements.lock")
LOG = os.path.join(ROOT, ".venv-setup.log")
TURN = os.path.join(ROOT, ".venv-setup.lock")
TOOLS = os.path.join(ROOT, ".tools")
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "digital-city-study.stamp")
PROJECT = os.path.join(ROOT, "pyproject.toml")
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")

COMMANDS = {
    "run": ["-m", "analysis", "run"],
    "test": ["-m", "pytest"],
    "lab": ["-m", "jupyterlab", "--ServerApp.root_dir=" + ROOT, "--LabApp.default_url=/lab/tree/notebooks",
            "--FileContentsManager.post_save_hook=workbench.saving.after_save",
            # nothing is asked of other hosts: no news, no newer version (and `connect_lab` has Lab not propose it)
            "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly", "--KernelManager.transport_encryption=auto"],
    "setup": None,
}
HELP = """用法 / usage:  python3 run.py [run|test|lab|setup] [参数 / arguments]

  run    （默认）建好环境，运行整个研究，参数交给 python -m analysis run
         (default) set up, then run the whole study; arguments go to python -m analysis run
  test   运行测试，参数交给 pytest / run the tests; arguments go to pytest
  lab    在 JupyterLab 中打开笔记本，参数交给 JupyterLab / open the notebooks in JupyterLab; arguments go to it
  setup  只建环境 / only make the environment

例 / examples:
  python3 run.py --settings settings/quick.yaml
  python3 run.py test --slow   （数千个随机改动，约二十分钟 / some thousands of random changes, about twenty minutes）
  python3 run.py run --help
环境变量 NO_UV=1：只用 pip 安装 / environment variable NO_UV=1: install with pip only
路径从仓库根目录算起 / paths start at the repository root
"""

# What a failed tool's output says, in the order to look for it, and what its reader can do about it.
REMEDIES = (
    ("disk", r"no space left|disk quota|(os error|errno) 28\b",
     "磁盘已满：请腾出约 3 GB 空间，再运行同一命令。",
     "The disk is full: free about 3 GB, then run the same command again."),
    ("hash", r"hash mismatch|do not match the hashes",
     "下载的软件包与 requirements.lock 的校验值不符：请换一个软件包索引（设 PIP_INDEX_URL）再试；不要改锁文件。",
     "A downloaded package does not match its hash in requirements.lock: try another package index "
     "(set PIP_INDEX_URL); do not edit the lock."),
    ("network", r"failed to fetch|connection|connect error|name resolution|resolving dns|dns error|timed? ?out"
                r"|unreachable|certificate|proxy|network",
     "连不上软件包索引：请检查网络（或用 PIP_INDEX_URL 指定可用的镜像），再运行同一命令。",
     "The package index cannot be reached: check the network (or name a reachable mirror in PIP_INDEX_URL), "
     "then run the same command again."),
    ("package", r"no matching distribution|no solution found|there is no version|no usable wheels|no wheels",
     "软件包索引里缺少锁定的版本，或没有适合本机的安装包：请换一个更新及时的索引（设 PIP_INDEX_URL）再试。",
     "The package index lacks a locked version, or has no wheel of it for this machine: try a more complete "
     "index (set PIP_INDEX_URL)."),
    ("venv", r"ensurepip|no module named .?(venv|pip)",
     "这个 Python 缺少 venv 或 pip 模块：请先安装（Debian、Ubuntu：apt install python3-venv），再运行同一命令。",
     "This Python lacks its venv or pip module: install it first (Debian, Ubuntu: apt install python3-venv), "
     "then run the same command again."),
    ("other", r"",
     "安装没有完成：原因见上面几行与日志；可用 NO_UV=1 改由 pip 安装，再运行同一命令。",
     "The installation did not finish: the lines above and the log say why; NO_UV=1 makes pip install instead."),
)


class Stop(Exception):
    """The end of the road, as one sentence in Chinese and one in English."""


def say(chinese, english):
    """Print a message in both languages, at once even when the output is a pipe."""
    sys.stdout.write("%s\n%s\n" % (chinese, english))
    sys.stdout.flush()


def say_time(started, chinese, english):
    """Print what was done and the seconds since `started`."""
    sys.stdout.write("  %5.1f s  %s / %s\n" % (time.time() - started, chinese, english))
    sys.stdout.flush()


def check_python(version):
    """Stop unless `version` (as sys.version_info) is a Python that the lock was made for."""
    if OLDEST <= tuple(version[:2]) < BEYOND:
        return
    which = getattr(shutil, "which", lambda name: None)
    other = next((name for name in ("python3.13", "python3.12", "python3.11") if which(name)), None)
    found = "%d.%d" % tuple(version[:2])
    raise Stop(
        "需要 Python 3.11、3.12 或 3.13，当前是 %s：请%s运行 %s run.py。"
        % (found, "改" if other else "安装后", other or "python3.12"),
        "Python 3.11, 3.12 or 3.13 is needed, this is %s: %s%s run.py."
        % (found, "use " if other else "install one, then run ", other or "python3.12"))


def route(arguments):
    """Split the command line into the command and the arguments that go on to it; options alone go to `run`."""
    if arguments and arguments[0] in ("-h", "--help", "help"):
        return "help", []
    if not arguments or arguments[0].startswith("-"):
        return "run", arguments
    if arguments[0] in COMMANDS:
        return arguments[0], arguments[1:]
    near = (difflib.get_close_matches(arguments[0], sorted(COMMANDS), 1, 0.5) or ["--help"])[0]
    raise Stop("没有“%s”这个命令：是 python3 run.py %s 吗？" % (arguments[0], near),
               "There is no command '%s': did you mean python3 run.py %s?" % (arguments[0], near))


def hash_of(*paths):
    """The sha256 of files one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as content:
            digest.update(content.read())
    return digest.hexdigest()


def wanted_stamp():
    """What the stamp of a finished environment says, one a line: hash of the lock, Python version, folder; and last
    the hash of what `connect` follows, this file and pyproject.toml."""
    return [hash_of(LOCK), "%d.%d" % sys.version_info[:2], ROOT, hash_of(os.path.join(ROOT, "run.py"), PROJECT)]


def written_stamp():
    """The lines of the stamp as it is."""
    with open(STAMP, "rb") as stamp:
        return stamp.read().decode("utf-8").splitlines()


def unready():
    """Why .venv must be made anew, in Chinese and English; None when its packages are right."""
    if not os.path.lexists(VENV):
        return "首次运行：建立环境 .venv", "First run: making the environment .venv"
    if not os.path.exists(STAMP) or not os.path.exists(PYTHON):
        return "环境 .venv 不完整：重新建立", "The environment .venv is incomplete: making it again"
    found = written_stamp()
    changes = (("requirements.lock 已更新", "requirements.lock has changed"),
               ("Python 版本已改变", "The Python version has changed"),
               ("文件夹已移动", "The folder has moved"))
    for index, (chinese, english) in enumerate(changes):
        if found[index:index + 1] != wanted_stamp()[index:index + 1]:
            return chinese + "：重新建立环境 .venv", english + ": making the environment .venv again"
    return None


def take_turn(handle):
    """Try to become the one process that sets up; False when another one is."""
    try:
        if WINDOWS:
            import msvcrt
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def wait_for_turn(handle):
    """Wait while another process sets up; the system frees the lock when that process ends."""
    told = False
    while not take_turn(handle):
        if not told:
            say("另一个 run.py 正在建立环境，等它完成 …", "Another run.py is making the environment: waiting for it …")
        told = True
        time.sleep(0.2)


def base_python():
    """The interpreter outside any virtual environment: .venv may be remade while its own Python runs this file."""
    return getattr(sys, "_base_executable", None) or sys.executable


def diagnose(output):
    """The first entry of REMEDIES whose sign is in a failed tool's output."""
    return next(remedy for remedy in REMEDIES if re.search(remedy[1], output.lower()))


def step(chinese, english, command, environment, optional=False):
    """Run one tool of the set-up with its output in the log, and print its time.

    Returns True; or, when an `optional` tool fails for a reason that need not stop the next one, False.
    Any other failure shows the last lines of the tool's output and stops with the remedy.
    """
    started = time.time()
    with open(LOG, "ab+") as log:
        log.write(("\n$ " + " ".join(command) + "\n").encode("utf-8"))
        log.flush()
        before = log.tell()
        code = subprocess.call(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.seek(before)
        output = log.read().decode("utf-8", "replace")
    if code == 0:
        say_time(started, chinese, english)
        return True
    kind, _, remedy, remedy_english = diagnose(output)
    if optional and kind not in ("disk", "network"):
        return False
    lines = [line for line in output.splitlines() if re.match(r" {0,3}\S", line) and "Traceback" not in line]
    telling = [line for line in lines if re.search(r"(?i)error|cause|[×├╰]", line)] or lines
    sys.stdout.write("".join("    | %s\n" % line[:200] for line in telling[-4:]))
    raise Stop(remedy + "（日志：.venv-setup.log）", remedy_english + " (Log: .venv-setup.log)")


def pip_options(environment):
    """The user's pip settings for installing, from configuration files and PIP_ variables (which win)."""
    command = [base_python(), "-m", "pip", "config", "list"]
    listing = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    options = {}
    for section in ("global", "install"):
        for name, value in re.findall(r"(?m)^%s\.([\w-]+)=(.*?)\r?$" % section, listing.decode("utf-8", "replace")):
            options[name] = ast.literal_eval(value)
    for name in ("index-url", "extra-index-url", "find-links", "trusted-host", "cert", "proxy"):
        options[name] = environment.get("PIP_" + name.upper().replace("-", "_")) or options.get(name, "")
    return options


def uv_environment(environment):
    """The environment in which uv installs from where the user's pip would: uv does not read pip's settings."""
    options = pip_options(environment)
    translated = {"UV_INSECURE_HOST": options["trusted-host"], "SSL_CERT_FILE": options["cert"],
                  "ALL_PROXY": options["proxy"], "UV_FIND_LINKS": ",".join(options["find-links"].split())}
    if not any(name in environment for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")):
        translated["UV_DEFAULT_INDEX"] = options["index-url"]
        translated["UV_INDEX"] = " ".join(options["extra-index-url"].split())
        # pip takes the locked version from whichever index has it; the hash says that it is the right file
        translated["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    translated.update(UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1", UV_COMPILE_BYTECODE_TIMEOUT="600")
    return dict({name: value for name, value in translated.items() if value}, **environment)


def find_uv(environment):
    """The path of uv: from PATH, else from .tools (put there by pip); None means that plain pip installs."""
    if environment.get("NO_UV", "0") not in ("", "0"):
        return None
    uv = shutil.which("uv") or os.path.join(TOOLS, "bin", "uv.exe" if WINDOWS else "uv")
    if os.path.exists(uv):
        return uv
    fetch = [base_python(), "-m", "pip", "install", "--upgrade", "--only-binary", ":all:", "--target", TOOLS]
    fetched = step("取得 uv", "fetched uv", fetch + ["uv==" + UV_VERSION], environment, optional=True)
    return uv if fetched and os.path.exists(uv) else None


def remove_environment():
    """Delete .venv, its stamp first, so that a deletion cut short never looks like a finished environment."""
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if os.path.islink(VENV) or os.path.isfile(VENV):
        os.remove(VENV)
    elif os.path.exists(VENV):
        shutil.rmtree(VENV)


def install(environment):
    """Make .venv and install exactly what requirements.lock lists: hashes required, wheels only, bytecode compiled."""
    uv = find_uv(environment)
    if uv:
        environment = uv_environment(environment)
        make = [uv, "venv", "--no-project", "--python", base_python(), VENV]
        fill = [uv, "pip", "sync", "--require-hashes", "--no-build", "--compile-bytecode", "--python", PYTHON, LOCK]
    else:
        make = [base_python(), "-m", "venv", VENV]
        fill = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", LOCK]
    step("建立 .venv", "made .venv", make, environment)
    say("  安装锁定的软件包（约一分钟）…", "  Installing the locked packages (about a minute) …")
    step("装好软件包", "installed the packages", fill, environment)


def connect():
    """Join .venv and the clone: packages that can be imported, the kernel, nbconvert's exporters, git's filter."""
    library = "Lib" if WINDOWS else os.path.join("lib", "python%d.%d" % sys.version_info[:2])
    packages = os.path.join(VENV, library, "site-packages")
    # in the locale's encoding, as `site` reads it
    with open(os.path.join(packages, "digital-city-study.pth"), "w") as path_file:
        path_file.write(ROOT + "\n")
    connect_kernel()
    connect_lab()
    connect_exporters(packages)
    connect_git()


def connect_kernel():
    """Let Jupyter's kernel "python3" be the Python of .venv."""
    kernel = os.path.join(VENV, "share", "jupyter", "kernels", "python3", "kernel.json")
    with open(kernel, "rb") as description:
        content = json.loads(description.read().decode("utf-8"))
    content["argv"][0] = PYTHON
    # the file may be a hard link into uv's cache: put another in its place, never write into it
    with open(kernel + ".new", "wb") as description:
        description.write(json.dumps(content, indent=1).encode("utf-8"))
    os.replace(kernel + ".new", kernel)


def connect_lab():
    """Settings that JupyterLab starts with, below the user's own: it works offline, so it asks for no news."""
    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    if not os.path.isdir(folder):
        os.makedirs(folder)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    with open(os.path.join(folder, "overrides.json"), "wb") as settings:
        settings.write(json.dumps(quiet, indent=1).encode("utf-8"))


def connect_exporters(packages):
    """Write what pip would write of the project itself, so that programs find its entry points of pyproject.toml."""
    import tomllib
    with open(PROJECT, "rb") as description:
        project = tomllib.load(description)["project"]
    for left_over in os.listdir(packages):
        if left_over.startswith("digital_city_study-") and left_over.endswith(".dist-info"):
            shutil.rmtree(os.path.join(packages, left_over))
    name = "digital_city_study-%s.dist-info" % project["version"]
    points = ["%s[%s]\n%s" % ("\n" if index else "", group, "".join("%s = %s\n" % pair for pair in entries.items()))
              for index, (group, entries) in enumerate(project.get("entry-points", {}).items())]
    files = (("METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\n"
              % (project["name"], project["version"], project["description"])),
             ("entry_points.txt", "".join(points)),
             ("INSTALLER", "run.py\n"),
             ("RECORD", "digital-city-study.pth,,\n" + "".join(
                 "%s/%s,,\n" % (name, part) for part in ("METADATA", "entry_points.txt", "INSTALLER", "RECORD"))))
    os.mkdir(os.path.join(packages, name))
    for part, text in files:
        with open(os.path.join(packages, name, part), "wb") as written:
            written.write(text.encode("utf-8"))


def filter_command():
    """The command by which git makes a notebook's stored form; git runs it by a POSIX shell, at the clone's root.

    The Python is the one below .venv, which stays while .venv is made again; the script's path is relative, so that
    every worktree of the clone, all of which share the setting, runs its own.
    """
    python = base_python().replace("\\", "/") if WINDOWS else base_python()
    return "'%s' -I -S workbench/stored_form.py" % python.replace("'", "'\\''")


def connect_git():
    """Let git, if the folder is a clone and git is there, keep notebooks in their stored form (.gitattributes)."""
    git = shutil.which("git")
    if not git or not os.path.exists(os.path.join(ROOT, ".git")):
        return
    # within a hook, git's own variables name the repository that the hook belongs to
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_CONFIG")
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    command = [git, "config", "--local", "filter.study-notebooks.clean", filter_command()]
    with open(LOG, "ab") as log:
        subprocess.call(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def finish():
    """Connect .venv and write the stamp, which says that it is finished."""
    connect()
    with open(STAMP, "wb") as stamp:
        stamp.write("\n".join(wanted_stamp()).encode("utf-8"))


def set_up():
    """Make .venv, or only connect it again, unless it is there and right; the stamp, written last, says that it is."""
    for path in (LOCK, PROJECT):
        if not os.path.exists(path):
            name = os.path.basename(path)
            raise Stop("缺少 %s：请从仓库恢复它（git checkout %s）。" % (name, name),
                       "%s is missing: restore it from the repository (git checkout %s)." % (name, name))
    if unready() is None and written_stamp() == wanted_stamp():
        return
    with open(TURN, "a") as turn:
        wait_for_turn(turn)
        reason = unready()
        if reason is None:
            if written_stamp() != wanted_stamp():
                started = time.time()
                finish()
                say_time(started, "环境已重新连接", "environment connected again")
            return
        say(*reason)
        started = time.time()
        open(LOG, "wb").close()
        remove_environment()
        install(dict(os.environ, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_NO_INPUT="1",
                     PIP_DISABLE_PIP_VERSION_CHECK="1"))
        finish()
        say_time(started, "环境就绪", "environment ready")


def environment_for(command):
    """The environment of a command: the tools of .venv first on PATH; for the kernels of JupyterLab this clone's
    packages and kernel first, whatever the user's own settings name."""
    environment = dict(os.environ, VIRTUAL_ENV=VENV, PATH=BIN + os.pathsep + os.environ.get("PATH", ""))
    environment.pop("PYTHONHOME", None)
    if command == "lab":
        for name, first in (("PYTHONPATH", ROOT), ("JUPYTER_PATH", os.path.join(VENV, "share", "jupyter"))):
            environment[name] = os.pathsep.join(filter(None, [first, environment.get(name)]))
    return environment


def hand_over(command, arguments):
    """Become the study, pytest or JupyterLab, at the repository root."""
    environment = environment_for(command)
    line = [PYTHON] + COMMANDS[command] + arguments
    os.chdir(ROOT)
    sys.stdout.flush()
    if WINDOWS:  # there, exec returns to the shell before the work is done
        return subprocess.call(line, env=environment)
    os.execve(PYTHON, line, environment)


def main(arguments):
    """Do what the command line says; returns the exit code (2: a sentence said what to do first)."""
    if hasattr(sys.stdout, "reconfigure"):  # a console that cannot show Chinese shows question marks
        sys.stdout.reconfigure(errors="replace")
    try:
        command, passed_on = route(arguments)
        if command == "help":
            sys.stdout.write(HELP)
            return 0
        check_python(sys.version_info)
        set_up()
        return hand_over(command, passed_on) if COMMANDS[command] else 0
    except Stop as stop:
        say(*stop.args)
        return 2
    except KeyboardInterrupt:
        say("已中断；再运行同一命令即可继续。", "Interrupted; run the same command again to go on.")
        return 130
    except (IOError, OSError) as problem:
        remedy = diagnose(str(problem))
        if remedy[0] == "disk":
            say(remedy[2], remedy[3])
        else:
            say("无法读写文件：%s。请检查权限与磁盘，再运行同一命令。" % problem,
                "A file cannot be read or written: %s. Check permissions and disk, then run the same command again."
                % problem)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
