"""The console's own themes: blue for bids and gains, orange for asks and losses, never green against red."""

from textual.theme import Theme

MARKET_VARIABLES: dict[str, str] = {
    "bid": "#58a6ff",
    "ask": "#f0a35e",
    "bid-tint": "#14304f",
    "ask-tint": "#46301a",
    "data": "#e6edf3",
    "quiet": "#8b949e",
    "edge": "#4a525c",
    "edge-title": "#b6bec8",
    "focus-edge": "#58a6ff",
    "cursor-back": "#2b3440",
    "warn-ink": "#f2e14c",
    "fault-ink": "#ff9a8a",
    "badge-back": "#1f5fae",
    "badge-ink": "#ffffff",
    "live-back": "#f2e14c",
    "live-ink": "#000000",
    "bar-back": "#161b22",
}
"""What a theme of Textual's own lacks; figures of contrast and of colour blindness stand in the tests."""

_DARK = {**MARKET_VARIABLES, "block-cursor-text-style": "none"}

_LIGHT = {
    "bid": "#0b5cad",
    "ask": "#9a4a00",
    "bid-tint": "#cfe3fa",
    "ask-tint": "#fbe0c8",
    "data": "#1b1f24",
    "quiet": "#57606a",
    "edge": "#9aa4ae",
    "edge-title": "#424a53",
    "focus-edge": "#0b5cad",
    "cursor-back": "#dde3ea",
    "warn-ink": "#6b5200",
    "fault-ink": "#a0111f",
    "badge-back": "#0b5cad",
    "badge-ink": "#ffffff",
    "live-back": "#f2e14c",
    "live-ink": "#000000",
    "bar-back": "#e9edf1",
}

_MONO = {
    "bid": "#ffffff",
    "ask": "#b4b4b4",
    "bid-tint": "#3a3a3a",
    "ask-tint": "#2a2a2a",
    "data": "#e4e4e4",
    "quiet": "#949494",
    "edge": "#5a5a5a",
    "edge-title": "#c0c0c0",
    "focus-edge": "#ffffff",
    "cursor-back": "#383838",
    "warn-ink": "#ffffff",
    "fault-ink": "#ffffff",
    "badge-back": "#d0d0d0",
    "badge-ink": "#000000",
    "live-back": "#ffffff",
    "live-ink": "#000000",
    "bar-back": "#1c1c1c",
}

_CONTRAST = {
    "bid": "#7cc4ff",
    "ask": "#ffb870",
    "bid-tint": "#002a55",
    "ask-tint": "#4a2600",
    "data": "#ffffff",
    "quiet": "#c8c8c8",
    "edge": "#a0a0a0",
    "edge-title": "#ffffff",
    "focus-edge": "#ffffff",
    "cursor-back": "#303030",
    "warn-ink": "#ffff66",
    "fault-ink": "#ffb0a8",
    "badge-back": "#004a9f",
    "badge-ink": "#ffffff",
    "live-back": "#ffff00",
    "live-ink": "#000000",
    "bar-back": "#101010",
}


def _theme(name: str, background: str, variables: dict[str, str], *, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=variables["bid"],
        secondary=variables["ask"],
        warning=variables["warn-ink"],
        error=variables["fault-ink"],
        success=variables["bid"],
        accent=variables["focus-edge"],
        foreground=variables["data"],
        background=background,
        surface=background,
        panel=variables["bar-back"],
        dark=dark,
        variables=variables,
    )


THEMES: tuple[Theme, ...] = (
    _theme("tb-dark", "#0d1117", _DARK, dark=True),
    _theme("tb-light", "#fbfcfd", _LIGHT, dark=False),
    _theme("tb-mono", "#101010", _MONO, dark=True),
    _theme("tb-contrast", "#000000", _CONTRAST, dark=True),
)
"""In the order the palette lists them; the first is the default."""

DEFAULT_THEME = "tb-dark"
