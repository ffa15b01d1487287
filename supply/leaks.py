"""What no file of the repository may hold: secrets, and what points at a person or a machine."""

import re
from typing import Final

PATTERNS: Final = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "cloud key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "access token": r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20,}"
    r"|xox[abprs]-[\w-]{10,}|hf_[A-Za-z0-9]{30,}|pypi-[\w-]{50,}|AIza[\w-]{35})",
    "key of a model's server": r"\bsk-[A-Za-z0-9_-]{20,}",
    "token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "password": r"(?i)\b(password|passwd|secret|api_?key|token)\b['\"]?\s*[:=]"
    r"\s*['\"][^'\"\s{}$<]{12,}['\"]",
    "password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@]+:[^\s/@{$<]+@[\w.-]+",
    "folder of a machine": r"(?<![\w.])/(home|Users|root|work|mnt|workspace)/[\w.-]+",
    "mail address": r"\b[\w.+-]+@(?!(?:[\w-]+\.)*example\.(?:com|org|net)\b)"
    r"[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b",
    "address of a machine": r"(?<![\d.])(?!(?:127|0|10|203\.0\.113|198\.51\.100|192\.0\.2)\.)"
    r"(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
}


def leaks(text: str) -> list[tuple[int, str, str]]:
    """(line, kind, what) of all that a text should not hold."""
    found = []
    for kind, pattern in PATTERNS.items():
        for match in re.finditer(pattern, text):
            found.append((text.count("\n", 0, match.start()) + 1, kind, match[0]))
    return sorted(found)
