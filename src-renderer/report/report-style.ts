/** How a report looks: on light ground, on a screen and on paper. */
import type { Tokens } from '../stores/appearance.ts';

/** The style sheet; its colours are those of the window's light theme. */
export function reportStyle({ colour, term }: Tokens): string {
  const colours = Object.entries(colour).map(([name, value]) => `--${name}:${value}`);
  const terms = [1, 2, 3, 4, 5, 6].map((number) => `--term-${number}:${term(number)}`);
  return `:root{color-scheme:light;${[...colours, ...terms].join(';')}}${RULES}`;
}

const RULES = `
*{box-sizing:border-box}
body{margin:0;background:var(--s1);color:var(--t1);font:14px/1.5 Inter,'Inter Variable',system-ui,'Segoe UI',sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 2rem 4rem}
h1{margin:0 0 .25rem;font-size:1.75rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line);font-size:1.15rem}
h3{margin:0;font-size:1rem;overflow-wrap:anywhere}
p{margin:.4rem 0;overflow-wrap:anywhere}
a{color:var(--accent)}
.lead{color:var(--t2)}
.warning{margin:1rem 0;padding:.6rem .9rem;border-left:3px solid var(--fault);background:var(--s2)}
.mono,td.number,th.number,pre{font-family:'JetBrains Mono','JetBrains Mono Variable',ui-monospace,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums;font-size:.86em}
dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.2rem 1.25rem;margin:1.25rem 0 0}
dt{color:var(--t3)}
dd{margin:0;overflow-wrap:anywhere}
.wide{grid-column:2/-1}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.92em}
caption{padding:.5rem 0;color:var(--t2);text-align:left}
th,td{padding:.3rem .55rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--t2);font-weight:500}
thead th{white-space:nowrap}
tbody th{color:var(--t1);font-weight:600}
td.number,th.number{text-align:right;white-space:nowrap}
.down{color:var(--fault)}
.leader{color:var(--leader);font-weight:600}
.candidate{color:var(--candidate)}
.learner{color:var(--learner)}
.moment{margin:0 0 2.25rem}
.moment header{display:flex;gap:.9rem;align-items:baseline;flex-wrap:wrap}
.moment .when{color:var(--t2)}
.note{margin:.5rem 0;padding:.1rem 0 .1rem .9rem;border-left:3px solid var(--line)}
.note span{white-space:pre-wrap}
figure{margin:.75rem 0}
figure img,figure svg{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:4px}
figcaption{margin-top:.3rem;color:var(--t3);font-size:.86em}
pre{margin:.5rem 0;padding:.75rem .9rem;background:var(--s2);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}
.muted{color:var(--t3)}
footer{margin-top:3rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--t3);font-size:.86em}
svg text{font:11px Inter,system-ui,sans-serif;fill:var(--t2)}
@media(max-width:40rem){main{padding:1.5rem 1rem}dl{grid-template-columns:max-content 1fr}.wide{grid-column:2}}
@media print{
body{font-size:10.5pt}
main{max-width:none;padding:0}
.scroll{overflow:visible}
h2,h3,.moment header{break-after:avoid}
figure,tr,.warning,.states{break-inside:avoid}
thead{display:table-header-group}
a{color:inherit;text-decoration:none}
a.link{color:var(--t2);font-size:.86em}
}
`.replaceAll('\n', '');
