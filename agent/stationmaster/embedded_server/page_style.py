"""The style sheet and the icon of the pages: system fonts, light and dark, any width, all our own."""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#1f6feb"/>'
    '<path d="M7 17l6 6 12-14" fill="none" stroke="#fff" stroke-width="4"/></svg>'
)

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --ink: #1b1f24; --soft: #5a6470; --line: #dfe3e8; --hover: #f0f4fa;
  --link: #0b57d0; --chip: #eceff3;
  --passed: #17753a; --failed: #b3261e; --error: #8a4b00; --terminated: #6b3fa0; --done: #47525e;
  --alert: #fdecea; --alert-line: #e3a29c;
  --c0: #0b57d0; --c1: #b3541e; --c2: #17753a; --c3: #8a2f7a; --c4: #6a6200; --c5: #4a5a6a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1d2126; --ink: #e6e9ed; --soft: #a0a9b4; --line: #343a42; --hover: #262c34;
    --link: #8ab4f8; --chip: #2c323a;
    --passed: #6fd08c; --failed: #ff8a80; --error: #ffb95c; --terminated: #c9a6ff; --done: #b3bcc6;
    --alert: #3a2022; --alert-line: #7c3a3a;
    --c0: #8ab4f8; --c1: #f2a26b; --c2: #6fd08c; --c3: #e59ad6; --c4: #d9cf5a; --c5: #a9b7c6;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
main { max-width: 1180px; margin: 0 auto; padding: 1rem 1.25rem 2rem; }
footer { max-width: 1180px; margin: 0 auto; padding: 0 1.25rem 1.5rem; font-size: .85rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; font-size: .9em; }
pre { overflow-x: auto; background: var(--chip); padding: .6rem .8rem; border-radius: 6px; margin: .5rem 0; }
.muted { color: var(--soft); }
.bar {
  display: flex; gap: 1rem; align-items: baseline; background: var(--card);
  padding: .7rem max(1.25rem, calc((100% - 1180px) / 2 + 1.25rem));
  border-bottom: 1px solid var(--line);
}
.brand { color: inherit; text-decoration: none; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
  margin: 0 0 1rem;
}
.notice { color: var(--soft); padding: .6rem 0; }
.callout {
  background: var(--alert); border: 1px solid var(--alert-line); border-radius: 10px; padding: .6rem 1.1rem;
  margin: 0 0 1rem; overflow-wrap: anywhere;
}
.callout p { margin: .2rem 0; }

/* signs and badges */
.mark { width: 1em; height: 1em; flex: none; vertical-align: -.13em; }
.mark .outline { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
.mark .stroke { fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; }
.mark.passed, .badge.passed { color: var(--passed); }
.mark.failed, .badge.failed { color: var(--failed); }
.mark.error, .badge.error { color: var(--error); }
.mark.terminated, .badge.terminated { color: var(--terminated); }
.mark.done, .badge.done, .mark.skipped, .badge.skipped, .mark.unknown, .badge.unknown { color: var(--done); }
.mark.failed .outline, .mark.error .outline, .mark.terminated .outline { fill: currentColor; }
.mark.failed .stroke, .mark.error .stroke, .mark.terminated .stroke { stroke: var(--card); }
.badge { display: inline-flex; gap: .4em; align-items: center; font-weight: 600; white-space: nowrap; }
.chip {
  display: inline-block; background: var(--chip); color: var(--soft); border-radius: 99px; padding: 0 .55em;
  font-size: .8rem; margin-left: .45em; white-space: nowrap;
}
.chip.alert, .note.alert { color: var(--failed); }
.chip.alert { background: var(--alert); font-weight: 600; }
.button, button {
  display: inline-block; font: inherit; color: var(--ink); background: var(--card); text-decoration: none;
  border: 1px solid var(--line); border-radius: 7px; padding: .3rem .8rem; cursor: pointer;
}
.button:hover, button:hover { background: var(--hover); }
.button.disabled { color: var(--soft); opacity: .55; cursor: default; }
.button.quiet { border-color: transparent; background: none; color: var(--link); }

/* list of reports */
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 1rem; }
.tile {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .5rem .9rem;
  text-decoration: none; color: var(--ink); min-width: 6.5rem;
}
.tile:hover { background: var(--hover); }
.tile.chosen { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link); }
.tile .count { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile .label { display: inline-flex; gap: .4em; align-items: center; color: var(--soft); font-size: .9rem; }
.search { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1rem; }
.search input {
  font: inherit; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 7px; width: 18rem;
  max-width: 100%; background: var(--card); color: var(--ink);
}
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: .8rem; color: var(--soft); font-weight: 600; }
th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: break-word; }
.reports td:nth-child(2) { overflow-wrap: anywhere; min-width: 9rem; }
tbody tr:last-child td { border-bottom: 0; }
.reports {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; border-spacing: 0;
  border-collapse: separate; overflow: hidden;
}
.reports tbody tr:hover { background: var(--hover); }
.reports td:nth-child(2) a { font-weight: 600; }
.reports td:nth-child(1), .reports td:nth-child(6), .reports td:nth-child(7) { white-space: nowrap; }
time { font-variant-numeric: tabular-nums; }
.pages { display: flex; gap: .9rem; align-items: center; margin: 1rem 0 0; color: var(--soft); }

/* one report */
.head {
  display: flex; flex-wrap: wrap; gap: .5rem 2rem; justify-content: space-between; margin-bottom: 1rem;
}
.head h1, .head p { margin: 0 0 .15rem; }
.crumb { font-size: .9rem; }
.actions { display: flex; flex-wrap: wrap; gap: .7rem; align-items: center; }
.actions .badge { font-size: 1.25rem; margin-right: .4rem; }
.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .7rem 1.4rem; margin: 0;
}
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts pre { margin: .2rem 0; }
.additional { margin: .3rem 0; }
.additional .facts { grid-template-columns: max-content 1fr; gap: .2rem 1rem; padding: .4rem 0 0 1rem; }
.additional summary, .tree .additional summary { cursor: pointer; color: var(--soft); list-style: revert; }

/* steps */
.tree { overflow-x: auto; }
.tree .below { margin-left: .5rem; padding-left: .75rem; border-left: 1px solid var(--line); }
.tree summary { list-style: none; cursor: pointer; border-radius: 5px; position: relative; }
.tree summary::-webkit-details-marker { display: none; }
.tree .title { overflow-wrap: anywhere; }
.tree summary .title { font-weight: 600; }
.tree summary .title::after {
  content: ""; display: inline-block; width: .42em; height: .42em; margin: 0 .1em .12em .5em;
  border: solid var(--soft); border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg);
}
.tree details[open] > summary .title::after { transform: rotate(45deg); margin-bottom: .2em; }
.tree summary:hover, .tree div.step > .row:hover { background: var(--hover); }
.row {
  display: grid; grid-template-columns: 1.1rem minmax(10rem, 1fr) 9rem 13rem 4.5rem; gap: 0 .6rem;
  align-items: baseline; padding: .18rem .3rem; border-radius: 5px;
}
.row > .value:empty { grid-column: 3 / 5; }
.row .type { color: var(--soft); font-size: .8rem; margin-left: .6em; }
.row .value { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.row .unit, .row .limit, .row .time { color: var(--soft); }
.row .limit { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.row .time { text-align: right; font-size: .85rem; white-space: nowrap; }
.row.bad .value { color: var(--failed); font-weight: 600; }
.row.bad .value .unit { color: inherit; }
.step:target > .row, .step:target > summary { background: var(--alert); }
.measurements .row { padding-left: 1.6rem; }
.extras > .note, .extras > details, .extras > figure { margin: .1rem 0 .25rem 2rem; }
.note { font-size: .9rem; color: var(--soft); overflow-wrap: anywhere; white-space: pre-line; }
.note b { font-weight: 600; }
.card > .note { margin: .2rem 0; }

/* charts */
figure { max-width: 760px; }
figcaption { font-weight: 600; font-size: .9rem; }
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--soft); font-size: 11px; }
.chart .axis { fill: var(--ink); }
.grid line { stroke: var(--line); }
.curve polyline, .curve line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
.curve circle { fill: currentColor; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
.c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
.d1 { stroke-dasharray: 7 4; } .d2 { stroke-dasharray: 2 3; } .d3 { stroke-dasharray: 9 3 2 3; }
.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .3rem 0 0; padding: 0;
}
.legend li { font-size: .85rem; color: var(--soft); }
.legend svg { width: 22px; height: 12px; margin-right: .4em; }

/* repairs */
.unit { border-top: 1px solid var(--line); padding: .6rem 0; }
.unit:first-of-type { border-top: 0; padding-top: 0; }
.unit p { margin: .1rem 0; }
.unit .index {
  display: inline-block; min-width: 1.5em; text-align: center; background: var(--chip); border-radius: 5px;
  margin-right: .5em; font-weight: 400;
}
.failures { margin: .4rem 0 0; padding-left: 1.2rem; }
.failures span { display: block; }
.failures i { font-style: normal; color: var(--soft); }

@media (max-width: 760px) {
  main { padding: .8rem .8rem 1.5rem; }
  .bar .muted { display: none; }
  .tile { flex: 1 1 6.5rem; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
  table thead { display: none; }
  table tr { display: block; padding: .5rem .2rem; border-bottom: 1px solid var(--line); }
  table tr:last-child { border-bottom: 0; }
  table td { display: flex; gap: .6rem; border: 0; padding: .12rem .6rem; }
  table td::before { content: attr(data-label); flex: 0 0 7.5rem; color: var(--soft); font-size: .85rem; }
  table td:empty { display: none; }
  .tree .below { margin-left: .25rem; padding-left: .4rem; }
  .row { grid-template-columns: 1.1rem minmax(0, 1fr) auto; }
  .row .name { grid-column: 2 / 4; }
  .row > .value { grid-column: 2; text-align: left; }
  .row > .limit { grid-column: 3; text-align: right; }
  .row > .value:empty, .row > .limit:empty, .row .time { display: none; }
  .measurements .row { padding-left: .8rem; }
  .extras > .note, .extras > details, .extras > figure { margin-left: 1rem; }
}
"""
