"""What a hub's admin allows its channels: pure rules. A channel's own settings can be edited by anybody who may write
into its cloud, so they hold only as far as this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from faces.settings import DEMOGRAPHY, DETECTORS, MODELS, Settings, choose

#: Keys of the hub's table `config`, family `faces`.
LIMIT_KEYS = ("detectors", "models", "demography", "experimental", "ram")
_CHOICES = {"detectors": DETECTORS, "models": MODELS, "demography": DEMOGRAPHY}


@dataclass(frozen=True, slots=True)
class Limits:
    """As it stands: no limits, as for a folder. Names in the admin's order. `experimental`: several detectors and
    models at once, and `enforce`. `ram`: percent, 1 to 100."""

    detectors: tuple[str, ...] = DETECTORS
    models: tuple[str, ...] = MODELS
    demography: tuple[str, ...] = DEMOGRAPHY
    experimental: bool = True
    ram: float = 100.0

    def restrict(self, settings: Settings) -> tuple[Settings, list[str]]:
        """The settings as far as they are allowed, and a line for each that is not. Detectors or models of which
        nothing is left are empty: they are to be chosen."""
        lines: list[str] = []
        changes: dict[str, object] = {}
        for key in ("detectors", "models", "demography"):
            asked, allowed = getattr(settings, key), getattr(self, key)
            changes[key] = tuple(name for name in asked if name in allowed)
            if out := [name for name in asked if name not in allowed]:
                lines.append(f"{key}: {', '.join(out)} left out: the hub's admin does not allow it")
        if not self.experimental:
            for key in ("detectors", "models"):
                first, rest = changes[key][:1], changes[key][1:]  # type: ignore[index]
                changes[key] = first
                if rest:
                    lines.append(f"{key}: {', '.join(rest)} left out: the hub's admin allows one at a time")
            if settings.enforce:
                changes["enforce"] = False
                lines.append("recognition.enforce left out: the hub's admin does not allow it")
        changes["spare_models"] = tuple(name for name in settings.spare_models if name in self.models)
        changes["ram"] = min(settings.ram, self.ram)
        return replace(settings, **changes), lines  # type: ignore[arg-type]

    def default(self, key: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        """What the program chooses: what it usually does (`usual`), else the first that is allowed. `key`: detectors or
        models."""
        allowed: tuple[str, ...] = getattr(self, key)
        return tuple(name for name in usual if name in allowed) or allowed[:1]


def parse_limits(values: Mapping[str, str]) -> tuple[Limits, list[str]]:
    """Limits from those values of the hub's `config` that exist, and a warning for each wrong one, which is as if it
    was not there."""
    warnings: list[str] = []
    names = {key: _names(key, values.get(key, ""), warnings) for key in _CHOICES}
    experimental, ram = values.get("experimental", "").strip(), values.get("ram", "").strip()
    if experimental not in ("", "0", "1"):
        warnings.append(f"the hub's setting experimental: {experimental!r} is neither 0 nor 1; using 0")
    return Limits(**names, experimental=experimental == "1", ram=_percent(ram, warnings)), warnings


def _names(key: str, text: str, warnings: list[str]) -> tuple[str, ...]:
    choices = _CHOICES[key]
    if key == "demography" and text.strip() == "-":
        return ()
    found: list[str] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            found += choose([part], choices, key.removesuffix("s"))
        except ValueError as error:
            warnings.append(f"the hub's setting {key}: {error}; left out")
    return tuple(dict.fromkeys(found)) or choices


def _percent(text: str, warnings: list[str]) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if value == 0 or 1 <= value <= 100:
        return value or 100.0  # 0, as the admin's page has it, is no limit
    warnings.append(f"the hub's setting ram: {text!r} is no number from 1 to 100, and not 0; using no limit")
    return 100.0
