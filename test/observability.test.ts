/** The dashboard and the alerts: files that Grafana and Prometheus take, about metrics that the server has. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { createMetrics } from '../src/http/metrics.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'observability')

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[]
}

interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly panels: readonly Panel[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const dashboard = JSON.parse(readFileSync(join(folder, 'grafana.json'), 'utf8')) as Dashboard
const alerts = parse(readFileSync(join(folder, 'alerts.yaml'), 'utf8')) as {
  groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}
const rules = alerts.groups.flatMap((group) => group.rules)
const page = readFileSync(join(folder, '..', 'observability.md'), 'utf8')

/** The samples that the server exposes, by name, with their labels. Prometheus adds `up`, `job` and `instance`. */
const exposed = new Map<string, ReadonlySet<string>>([
  ['up', new Set()],
  ...createMetrics()
    .registry.getMetricsAsArray()
    .flatMap((metric) => {
      const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : []
      return String(metric.type) === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => [metric.name + end, new Set([...labels, 'le'])] as const)
        : [[metric.name, new Set(labels)] as const]
    }),
])

const words = new Set([
  'and',
  'or',
  'unless',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
  'offset',
])
const addedLabels = ['job', 'instance']

/** What an expression names that is not there: metrics, and labels that none of its metrics has. */
function unknownIn(expression: string): string[] {
  const text = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  const grouped = [...text.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    namesIn(list),
  )
  const bare = text.replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ').replaceAll(/\[[^\]]*\]/g, ' ')
  const selectors = [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}/g)]
  const plain = bare.replaceAll(/\{[^}]*\}/g, ' ')
  const metrics = [...plain.matchAll(/(?<![\w.:])([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)]
    .map(([, name = '']) => name)
    .filter((name) => !words.has(name))
  const labels = new Set([...addedLabels, ...metrics.flatMap((name) => [...(exposed.get(name) ?? [])])])
  const wrongLabels = selectors.flatMap(([, name = '', list = '']) => {
    const own = exposed.get(name)
    return own === undefined ? [] : namesIn(list).filter((label) => !own.has(label) && !addedLabels.includes(label))
  })
  return [
    ...metrics.filter((name) => !exposed.has(name)),
    ...wrongLabels,
    ...grouped.filter((label) => !labels.has(label)),
  ]
}

function namesIn(list: string): string[] {
  return [...list.matchAll(/[a-zA-Z_]\w*/g)].map(([name]) => name)
}

const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

suite('The dashboard', () => {
  test('asks for metrics and labels that the server has', () => {
    assert.ok(expressions.length > 20)
    assert.deepEqual(expressions.flatMap(unknownIn), [])
    for (const { definition } of dashboard.templating.list) {
      const [, metric = 'up'] = /^label_values\((\w+)/.exec(definition ?? '') ?? []
      assert.ok(exposed.has(metric), metric)
    }
  })

  test('shows every metric of our own', () => {
    const asked = expressions.join(' ')
    const unseen = [...exposed.keys()]
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''))
      .filter((name) => name.startsWith('strongroom_') && !asked.includes(name))
    assert.deepEqual(unseen, [])
  })

  test('can be imported: it has a name, and panels that are apart from one another', () => {
    assert.deepEqual([dashboard.title, dashboard.uid], ['Strongroom', 'strongroom'])
    assert.ok(dashboard.schemaVersion >= 36)
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24)
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`)
    })
    assert.equal(new Set(cells).size, cells.length)
  })
})

suite('The alerts', () => {
  for (const { alert, expr, labels, annotations } of rules) {
    test(`${alert} asks for what the server has, and says what to do`, () => {
      assert.deepEqual(unknownIn(expr), [])
      assert.match(alert, /^Strongroom[A-Z]\w+$/)
      assert.match(labels.severity, /^(critical|warning|info)$/)
      assert.match(annotations.summary, /^\S.*\.$/)
      assert.match(annotations.runbook, /^[A-Z].{20,}\.$/)
    })
  }

  test('are one of each', () => {
    assert.ok(rules.length > 10)
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  })
})

suite('The page', () => {
  test('names no metric that the server has not', () => {
    const named = [...page.matchAll(/`((?:strongroom|nodejs|process)_\w+)`/g)].map(([, name = '']) => name)
    assert.ok(named.length > 15)
    const known = new Set([...exposed.keys()].flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, '')]))
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    )
  })
})

suite('A metric or label that is not there', () => {
  for (const expression of [
    'strongroom_gone_total',
    'sum(rate(strongroom_http_request_duration_seconds_buckets[5m]))',
    'rate(strongroom_http_request_duration_seconds[5m]) > 1',
    'up == 0 and strongroom_gone{job="strongroom_secrets"}',
    'strongroom_secrets{state="active"}',
    'max by (state) (strongroom_secrets)',
  ]) {
    test(`is found in ${expression}`, () => {
      assert.equal(unknownIn(expression).length, 1)
    })
  }
})
