/** Writes what was measured as a page of Markdown with a plot. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BarChart } from 'echarts/charts'
import { GridComponent, TitleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Measured } from './load.ts'
import type { Cost } from './measure.ts'

export interface Row extends Measured, Cost {
  readonly server: string
  readonly kind: 'constant' | 'read' | 'vault' | 'create'
  readonly connections: number
}

/** What is wanted, what was found, and whether that will do. */
export interface Goal {
  readonly what: string
  readonly wanted: string
  readonly found: string
  readonly isReached: boolean
}

export interface Report {
  readonly machine: readonly string[]
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

const folder = join(import.meta.dirname, 'results')

/** @returns the page's path */
export function write(report: Report): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'requests.svg'), plot(report.rows))
  const page = join(folder, 'requests.md')
  writeFileSync(page, pageOf(report))
  return page
}

function pageOf({ machine, rows, goals }: Report): string {
  const missed = goals.filter(({ isReached }) => !isReached)
  return `# What requests cost

Written by \`npm run bench\`. ${machine.join('; ')}. [docs/performance.md](../../docs/performance.md) says what is behind
the numbers. The floor is a bare server that reads a row, writes a record and commits (\`bench/floor.ts\`); the sealed floor also checks rows
and opens a sealed value (\`bench/sealed-floor.ts\`).

| goal | wanted | found | reached |
| --- | --- | --- | --- |
${goals.map(({ what, wanted, found, isReached }) => `| ${what} | ${wanted} | ${found} | ${isReached ? 'yes' : '**no**'} |`).join('\n')}

${missed.length === 0 ? 'All goals are reached.' : `${missed.length} of ${goals.length} goals are **not reached**.`}

![Requests a second](requests.svg)

| server | request | connections | CPU µs | database's CPU µs | requests/s | p50 ms | p99 ms | failed |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.map((row) => `| ${row.server} | ${row.kind} | ${row.connections} | ${row.cpuMicros} | ${row.databaseMicros ?? ''} | ${row.perSecond} | ${row.p50Ms} | ${row.p99Ms} | ${row.failed} |`).join('\n')}

CPU is what all threads of the server's process took, for each request.
`
}

function plot(rows: readonly Row[]): string {
  use([BarChart, GridComponent, TitleComponent, SVGRenderer])
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 800, height: 60 + 26 * rows.length })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: 'Requests a second', left: 'center', textStyle: { fontSize: 15 } },
    grid: { left: 210, right: 70, top: 40, bottom: 10 },
    xAxis: { type: 'value', axisLabel: { show: false }, splitLine: { lineStyle: { color: '#eeeeee' } } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ server, kind, connections }) => `${server}, ${kind}, ${connections} conn.`),
      axisTick: { show: false },
    },
    series: [
      {
        type: 'bar',
        data: rows.map(({ perSecond, kind }) => ({ value: perSecond, itemStyle: { color: colours[kind] } })),
        label: { show: true, position: 'right' },
      },
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

const colours = { constant: '#9aa0a6', read: '#2563eb', vault: '#0d9488', create: '#d97706' }
