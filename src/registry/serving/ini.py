"""An ini file, read and checked as far as anything but the application needs it."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from plaster import PlasterURL
from plaster_pastedeploy import Loader

from registry import settings
from registry.sealing import Sealer
from registry.settings import BadSetting, Settings


@dataclass(frozen=True)
class IniFile:
    """A paste ini file. Every property raises BadSetting, which names the file, when it cannot be had."""

    path: Path

    @cached_property
    def app(self) -> Mapping[str, str]:
        """The section [app:main]."""
        return self.section("app:main")

    @cached_property
    def settings(self) -> Settings:
        app = self.app
        try:
            return settings.read(app)
        except BadSetting as error:
            raise BadSetting(f"{self.path}: {error}") from None

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.settings.secret)

    @property
    def database_url(self) -> str:
        try:
            return self.app["sqlalchemy.url"]
        except KeyError:
            raise BadSetting(f"{self.path}: sqlalchemy.url must say where the database is.") from None

    def section(self, name: str) -> Mapping[str, str]:
        try:
            found = self.loader.get_settings(name)
        except (configparser.Error, UnicodeDecodeError) as error:
            raise BadSetting(f"{self.path} cannot be read: {' '.join(str(error).split())}") from None
        if not found:
            raise BadSetting(f"{self.path}: the section [{name}] is missing.")
        return dict(found)

    def number(self, section: str, key: str, default: int) -> int:
        """A whole number above 0 in a section that need not be there."""
        if section not in self.loader.get_sections():
            return default
        text = self.section(section).get(key, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise BadSetting(
                f"{self.path}: [{section}] {key} is {text!r}; it must be a whole number above 0."
            )
        return int(text)

    @cached_property
    def loader(self) -> Any:
        try:
            with self.path.open("rb"):
                pass
        except OSError as error:
            raise BadSetting(f"{self.path}: {error.strerror}.") from None
        return Loader(PlasterURL("file+ini", path=str(self.path)))

    def setup_logging(self) -> None:
        try:
            self.loader.setup_logging()
        except (configparser.Error, LookupError, ValueError, ImportError, AttributeError) as error:
            text = " ".join(str(error).split())
            raise BadSetting(f"{self.path}: its logging sections are wrong: {text}") from None
