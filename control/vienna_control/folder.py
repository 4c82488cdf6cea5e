"""The data directory: only its owner may look in, one control plane lives in it, and in dev it keeps the secret."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from vienna_control.config import Settings
from vienna_control.ports import StartError

DATABASE = "vienna.db"
SECRET = "secret"  # noqa: S105  # the name of a file
ROOT_CA = "root-ca.pem"
_LOCK = "control.lock"


class DataFolder:
    """A data directory, locked for as long as the process lives.

    Attributes:
        path: Absolute.
    """

    def __init__(self, path: Path) -> None:
        """Make it (0700) and lock it. Raises ``StartError``: not writable, or another control plane is in it."""
        self.path = path.resolve()
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
            self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"the data directory {self.path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip() or "?"
            os.close(self._lock)
            raise StartError(
                f"the data directory {self.path} is in use by another control plane (pid {holder})"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.path / DATABASE}"

    def secret(self, settings: Settings) -> bytes:
        """The installation's secret: as configured, else (dev and test) the one kept here, made at the first start."""
        if settings.secret is not None:
            return settings.secret.get_secret_value().encode()
        file = self.path / SECRET
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            kept = file.read_bytes().strip()
            if len(kept) < 32:
                raise StartError(
                    f"{file} does not hold a secret; restore it, or set VIENNA_SECRET_KEY"
                ) from None
            return kept
        except OSError as error:
            raise StartError(f"cannot write {file}: {error.strerror}") from None
        made = secrets.token_hex(32).encode()
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(made + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        return made

    def publish_root(self, pem: bytes | str) -> Path:
        """Write the root CA's certificate, which anyone may read who may enter; returns its path."""
        file = self.path / ROOT_CA
        data = pem.encode() if isinstance(pem, str) else pem
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
            file.chmod(0o644)
        return file

    def close(self) -> None:
        os.close(self._lock)
