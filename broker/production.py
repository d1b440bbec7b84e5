"""A folder with all that a production mosquitto needs: settings, rights, password hashes, secrets."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from broker.acl import Account, checked, mosquitto_acl
from broker.certificates import find_openssl, make_certificates
from broker.errors import BadName, ProductionError
from broker.home_topics import DISCOVERY_PREFIX
from broker.mosquitto_conf import hashed_password, new_password, production_config
from broker.production_readme import production_readme
from broker.topic import Side
from broker.topic_table import table

TLS_PORT: Final = 8883
_LARGEST_PORT: Final = 65535
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")


@final
@dataclass(frozen=True)
class Production:
    """What is to be written, checked as a whole.

    Attributes:
        side: Whose topics the broker carries.
        accounts: Everyone who may connect.
        hostnames: How clients reach it; goes into the certificate for trying out and into the README.
        port: The TLS port.
        installed_at: The folder's place on the broker's host, where that differs from where it is written.
        self_signed: Whether to make a certificate for trying out.
        discovery_prefix: Where Home Assistant listens for devices.

    Raises:
        BadAccount: An account is given twice, or has nothing to do on that side.
        BadName: A host name or the prefix is none.
        ProductionError: There is no account at all, or the port is none.
    """

    side: type[Side]
    accounts: tuple[Account, ...]
    hostnames: tuple[str, ...] = ("localhost",)
    port: int = TLS_PORT
    installed_at: Path | None = None
    self_signed: bool = False
    discovery_prefix: str = DISCOVERY_PREFIX

    def __post_init__(self) -> None:
        checked(self.side, self.accounts)
        table(self.discovery_prefix)
        if not self.accounts:
            raise ProductionError("there is no account, so nobody could connect. Name at least one.")
        if not 0 < self.port <= _LARGEST_PORT:
            raise ProductionError(f"port {self.port} is not a number from 1 to {_LARGEST_PORT}.")
        for name in self.hostnames:
            _check_hostname(name)


def write_production(production: Production, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write the folder; returns each account's secret file, in the order of the accounts.

    Over an existing folder, with `force`, accounts keep their passwords, the authority its certificate, and
    accounts that are no longer named lose their secret and their access.

    Raises:
        ProductionError: The folder is not empty and `force` is not set, or it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ProductionError(f"{folder} is not a folder.")
    try:
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise ProductionError(
                f"{folder} is not empty. Name another folder, or add --force to write over it "
                "(accounts that are there keep their passwords)."
            )
        return _write(production, folder)
    except OSError as error:
        raise ProductionError(f"{folder} cannot be written: {error}") from error


def _write(production: Production, folder: Path) -> tuple[Path, ...]:
    openssl = find_openssl() if production.self_signed else None  # before anything is written
    place = production.installed_at or folder.resolve()
    secrets_folder, certificates = folder / "secrets", folder / "certificates"
    for each in (folder, secrets_folder, certificates):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = {account: _password(_secret_file(secrets_folder, account)) for account in production.accounts}
    hashes = "".join(f"{who.username}:{hashed_password(word)}\n" for who, word in passwords.items())
    if openssl is not None:
        make_certificates(openssl, certificates, production.hostnames)
    _put(folder / "mosquitto.conf", production_config(production.side, production.port, place), 0o644)
    rows = table(production.discovery_prefix)
    _put(folder / "acl", mosquitto_acl(production.side, production.accounts, rows), 0o600)
    _put(folder / "passwords", hashes, 0o600)
    place_of = (production.hostnames[0], production.port)
    readme = production_readme(production.side, production.accounts, *place_of, rows)
    _put(folder / "README.md", readme, 0o644)
    return _put_secrets(secrets_folder, passwords)


def _secret_file(folder: Path, account: Account) -> Path:
    return folder / f"{account.username}.password"


def _password(file: Path) -> str:
    """Keep the password of an account that is already there, so that its node need not be told again."""
    kept = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    return kept if _SECRET.fullmatch(kept) else new_password()


def _put_secrets(folder: Path, passwords: Mapping[Account, str]) -> tuple[Path, ...]:
    files = {_secret_file(folder, account): password for account, password in passwords.items()}
    for stale in set(folder.glob("*.password")) - set(files):
        stale.unlink()
    for file, password in files.items():
        _put(file, password + "\n", 0o600)
    return tuple(files)


def _put(file: Path, text: str, mode: int) -> None:
    """Write a file that is never readable by others in between, nor half there."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=mode, exist_ok=False)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def _check_hostname(name: str) -> None:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if not _HOSTNAME.fullmatch(name):
            raise BadName(
                f'"{name[:80]}" is neither a host name nor an address, for example broker.example.org.'
            ) from None
