"""Log files as containerd and the kubelet leave them on a node: the CRI format, lines over 16 KiB
split into partial ones, one file a container, rotated by renaming."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

# containerd's max_container_log_line_size: what is longer is split there.
SPLIT = 16 * 1024


@dataclass
class Container:
    """A container's log file under a node's /var/log/pods."""

    pods: Path
    namespace: str
    pod: str
    name: str
    uid: str = "0b8a1c52-6f3e-4d1a-9c77-2f1d2a7e9b10"
    at: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 8, 0, 0, tzinfo=timezone.utc))

    @property
    def file(self) -> Path:
        return self.pods / f"{self.namespace}_{self.pod}_{self.uid}" / self.name / "0.log"

    def write(self, lines: list[bytes], stream: str = "stdout") -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as file:
            for line in lines:
                file.writelines(self.records(line, stream))

    def records(self, line: bytes, stream: str) -> list[bytes]:
        """One record for a line, or several for one that is too long: P, P, …, F."""
        found = []
        while True:
            part, line = line[:SPLIT], line[SPLIT:]
            self.at += timedelta(microseconds=137)
            stamp = self.at.strftime("%Y-%m-%dT%H:%M:%S.%f").encode() + b"123Z"
            found.append(b" ".join([stamp, stream.encode(), b"P" if line else b"F", part]) + b"\n")
            if not line:
                return found

    def rotate(self) -> Path:
        """As the kubelet does at 10 MiB: the file gets a time in its name, and a new one begins."""
        self.at += timedelta(seconds=1)
        rotated = self.file.with_name(f"0.log.{self.at:%Y%m%d-%H%M%S}")
        self.file.rename(rotated)
        self.file.touch()
        return rotated


def containers_links(pods: Path, links: Path) -> None:
    """The links of /var/log/containers, by which Filebeat knows whose a file is."""
    links.mkdir(parents=True, exist_ok=True)
    for file in pods.glob("*/*/0.log"):
        namespace, pod, _ = file.parent.parent.name.split("_")
        link = links / f"{pod}_{namespace}_{file.parent.name}-{'0' * 64}.log"
        if not link.is_symlink():
            link.symlink_to(file)
