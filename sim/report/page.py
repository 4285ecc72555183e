"""A page that opens offline: style, frame, pictures inside it."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

STYLE = """
:root { --ink:#1f2933; --grey:#64707d; --line:#e1e5ea; --card:#f6f7f9; --paper:#ffffff; --accent:#d55e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink:#e6e9ee; --grey:#9aa5b1; --line:#333c47; --card:#222a33; --paper:#171c22; --accent:#f08a3c; }
  img { background:#fff; border-radius:6px; }
}
* { box-sizing:border-box; }
body { margin:0; background:var(--paper); color:var(--ink); font:16px/1.55 system-ui,-apple-system,"Segoe UI",
  "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif; }
main { max-width:1040px; margin:0 auto; padding:32px 24px 80px; }
h1 { font-size:30px; line-height:1.2; margin:0 0 8px; } h2 { font-size:20px; margin:44px 0 12px; }
p.lead { color:var(--grey); margin:0 0 24px; max-width:75ch; }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(190px,1fr)); gap:12px; margin:24px 0; }
.card { background:var(--card); border-radius:10px; padding:14px 16px; }
.card b { display:block; font-size:26px; line-height:1.2; font-variant-numeric:tabular-nums; }
.card i, td i { display:block; font-style:normal; font-size:12.5px; color:var(--grey); font-variant-numeric:tabular-nums; }
.card span { color:var(--grey); font-size:13.5px; }
ul.findings { padding-left:20px; max-width:80ch; } ul.findings li { margin:8px 0; }
figure { margin:28px 0; } figure img { width:100%; height:auto; display:block; }
table { border-collapse:collapse; width:100%; font-size:14.5px; font-variant-numeric:tabular-nums; }
th,td { text-align:left; padding:6px 10px; border-bottom:1px solid var(--line); vertical-align:top; }
th { color:var(--grey); font-weight:600; } td.n, th.n { text-align:right; white-space:nowrap; }
td.v, th.v { text-align:right; overflow-wrap:anywhere; min-width:9ch; max-width:26ch; } td.t { min-width:30ch; }
td:first-child { min-width:22ch; }
.wide { overflow-x:auto; } details { margin:14px 0; } summary { cursor:pointer; font-weight:600; }
code, pre { font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; }
pre { background:var(--card); padding:12px 14px; border-radius:8px; overflow-x:auto; }
.grade { display:inline-block; padding:1px 8px; border-radius:9px; background:var(--card); font-size:12.5px; }
footer { margin-top:56px; color:var(--grey); font-size:13.5px; }
"""


def page(title: str, body: str) -> str:
    """A whole HTML page around a body."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - v2gcity</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


def picture(path: Path, title: str) -> str:
    """A figure with its file inside."""
    image = base64.b64encode(path.read_bytes()).decode()
    return f'<figure><img alt="{escape(title, quote=True)}" src="data:image/png;base64,{image}"></figure>'
