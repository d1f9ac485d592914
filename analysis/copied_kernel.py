"""In a worker of a run: notebooks get their kernels from the process that is copied (`kernels`).

jupyter_client starts a kernel through a provisioner; this one asks for a copy where the usual one starts a new Python.
"""

from __future__ import annotations

import os
import signal
from importlib.metadata import EntryPoint
from multiprocessing.connection import Client
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

if TYPE_CHECKING:
    from analysis.panels import Known

NAME = "copied"


def use_copies(address: str | None) -> None:
    """Let this process's notebooks run in copies of the process at an address; None: each in a new Python."""
    if address is None:
        return
    CopiedKernel.address = address
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:CopiedKernel", factory.GROUP_NAME)
    factory.default_provisioner_name = NAME


class CopiedKernel(LocalProvisioner):
    """Starts a kernel as a copy of the process with loaded libraries; all else is as for a new Python."""

    address = ""
    inputs: Known | None = None  # what the worker knows of the run's own values: see `panels.known`

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Start the kernel; `cmd`, the command that would start a new Python, serves elsewhere."""
        self.cwd = kwargs.get("cwd", os.getcwd())
        self.process = Copy(self.address, self.parent.connection_file, str(self.cwd), dict(kwargs["env"]), self.inputs)
        self.pid = self.process.pid
        return self.connection_info


class Copy:
    """A kernel's process, seen as jupyter_client sees one (`subprocess.Popen`); its exit code is not known."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, connection_file: str, folder: str, values: dict[str, str],
                 inputs: Known | None = None) -> None:
        try:
            self.kernel = Client(address, "AF_UNIX")
            self.pid = self.kernel.recv()
            self.kernel.send((connection_file, folder, values, inputs))
        except (EOFError, OSError):
            from nbclient.exceptions import DeadKernelError

            raise DeadKernelError("the process that is copied is gone") from None

    def poll(self) -> int | None:
        """None while the kernel lives: it says nothing and holds the connection."""
        return 1 if self.kernel.closed or self.kernel.poll() else None

    def wait(self) -> int:
        """Wait for the end of the kernel."""
        if not self.kernel.closed:
            self.kernel.poll(None)
            self.kernel.close()
        return 1

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)
