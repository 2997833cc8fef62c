"""A server as a process of its own: started at a free port, asked for its metrics, and stopped."""

import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

_MOST_SECONDS_TO_START = 120
# Whatever proxy is set up is not for servers of this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def eventually(is_so: Callable[[], bool], seconds: float = 30) -> bool:
    """Waits until something is so, for a while: a guard against waiting for ever."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class ServerProcess:
    """Says at `announcement`, in its log, where it listens. Used in a `with` statement, it does not outlive that."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, announcement: str = r"listens at (http://\S+)"
    ) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        try:
            self.url = self._wait_for(announcement)
        except BaseException:
            self.kill()
            raise

    def _wait_for(self, announcement: str) -> str:
        found: re.Match[str] | None = None

        def has_announced() -> bool:
            nonlocal found
            ended = self.process.poll() is not None
            found = re.search(announcement, self.log_text())
            if ended and not found:
                raise RuntimeError(f"{self.process.args!r} ended with {self.process.returncode}:\n{self.log_text()}")
            return found is not None

        if not eventually(has_announced, _MOST_SECONDS_TO_START) or found is None:
            raise RuntimeError(f"{self.process.args!r} does not say where it listens:\n{self.log_text()}")
        return found.group(1)

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str, key: str = "") -> str:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {key}"} if key else {})
        with _opener.open(request, timeout=60) as response:
            return str(response.read().decode())

    def metric(self, name: str, key: str = "") -> float:
        """A number of /metrics, by the whole name with its labels; 0 where it is not there."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics", key), re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def stop(self, seconds: float = 60) -> int:
        """Asks it to end, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
