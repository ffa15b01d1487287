"""Help of many commands in one screen: in groups by what a person wants to do."""

from typing import Any, Final

from typer.core import TyperGroup

SHOP: Final = "A shop's data"
LEARN: Final = "Learn and judge"
SERVE: Final = "Serve"
KNOWLEDGE: Final = "Knowledge and rules"
SAMPLES: Final = "Tables of samples"
GROUPS: Final = (SHOP, LEARN, SERVE, KNOWLEDGE, SAMPLES)
"""In the order of the help; a command stands in one as its `rich_help_panel`."""


class GroupedCommands(TyperGroup):
    """Lists commands by group, one line each, without frames that would take the screen."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group; a command without one stands in the last."""
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in (*GROUPS, "More")}
        width = max(map(len, self.commands), default=0)
        for name, command in self.commands.items():
            if command.hidden:
                continue
            group = getattr(command, "rich_help_panel", None)
            told = command.get_short_help_str(formatter.width - width - 6)
            sections[group if group in sections else "More"].append((name.ljust(width), told))
        for title, rows in sections.items():
            if rows:
                formatter.write(f"{title}:\n")
                with formatter.indentation():
                    formatter.write_dl(rows)
