/** The editor: CodeMirror in a shadow root, where its styles need no exception from the page's policy. */
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, linter, lintKeymap } from '@codemirror/lint'
import { EditorState, type Extension, StateEffect } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { filterKinds } from '../../../src/render/reference.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import type { Names } from '../secrets/names.ts'
import { yamlFaults } from './check-yaml.ts'
import { faultsIn } from './references.ts'

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--bg-raised)', fontSize: '13px', height: '440px' },
  '&.cm-focused': { outline: '2px solid var(--ring)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--text)', padding: '12px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--bg-sunken)', color: 'var(--text-3)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--bg-sunken)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'light-dark(#cdd6fb, #34428a)',
  },
  '.cm-placeholder': { color: 'var(--text-3)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--bg-raised)',
    border: '1px solid var(--line-2)',
    borderRadius: '8px',
    boxShadow: 'var(--shadow-2)',
    color: 'var(--text)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '260px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 10px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--bg-active)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--text-3)', fontStyle: 'normal', fontFamily: 'var(--font)' },
  '.cm-diagnostic': { fontFamily: 'var(--font)', padding: '6px 10px' },
})

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--text-3)' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent-text)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: [tags.keyword, tags.meta], color: 'var(--warn)' },
])

/** The server has said of names whether secrets have them. */
const said = StateEffect.define<null>()

/** `indent` needs a number: two blanks are what YAML is mostly written with. */
function filterOption(label: string) {
  return { label, type: 'function', ...(label === 'indent' ? { apply: 'indent 2' } : {}) }
}

/** As many names as anybody reads through. */
const maxNames = 50

/** Names of secrets in which this is found, by their letters. */
async function namesWith(text: string): Promise<readonly string[]> {
  const query = { sort: 'name', limit: maxNames, ...(text === '' ? {} : { q: text }) } as const
  return (await read(() => strongroom.secrets.page(query))).items.map(({ name }) => name)
}

/** Names of secrets behind `${{`, filters behind a bar. */
async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const filter = context.matchBefore(/\$\{\{[ \t]*secret\.[A-Za-z0-9_./-]+[ \t]*\|[ \t]*[a-z0-9]*/)
  if (filter !== null) {
    const typed = /[a-z0-9]*$/.exec(filter.text)?.[0] ?? ''
    return { from: context.pos - typed.length, options: filterKinds.map(filterOption) }
  }
  const open = context.matchBefore(/\$\{\{[ \t]*[A-Za-z0-9_./-]*/)
  if (open === null) return null
  const isClosed = context.state.sliceDoc(context.pos, context.pos + 2) === '}}'
  const typed = /[A-Za-z0-9_./-]*$/.exec(open.text)?.[0] ?? ''
  const names = await namesWith(typed.replace(/^s(e(c(r(e(t(\.)?)?)?)?)?)?$|^secret\./, ''))
  return {
    from: open.from,
    filter: true,
    options: names.map((name) => ({
      label: `\${{secret.${name}`,
      displayLabel: name,
      apply: `\${{secret.${name}${isClosed ? '' : '}}'}`,
      type: 'variable',
    })),
    // Of so many there may be others: they are asked for anew with the next letter.
    ...(names.length < maxNames ? { validFor: /^\$\{\{[ \t]*[A-Za-z0-9_./-]*$/ } : {}),
  }
}

/** As the server says it: both from 1. */
function placeOf({ state: { doc } }: EditorView, at: number): string {
  const line = doc.lineAt(Math.min(at, doc.length))
  return `Line ${line.number}, column ${at - line.from + 1}`
}

export function Editor({
  text,
  names,
  onChange,
  onFaults,
}: {
  readonly text: string
  readonly names: Names
  readonly onChange: (text: string) => void
  readonly onFaults: (messages: readonly string[]) => void
}) {
  const host = useRef<HTMLDivElement>(null)
  const known = useRef(names)
  known.current = names
  const shown = useRef<EditorView>(null)
  const told = useRef({ onChange, onFaults })
  told.current = { onChange, onFaults }
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor keeps its own text from then on
  useEffect(() => {
    if (host.current === null) return undefined
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' })
    const check = (view: EditorView): readonly Diagnostic[] => {
      const doc = view.state.doc.toString()
      const all = [...faultsIn(doc, { has: (name) => known.current.isThere(name) !== false }), ...yamlFaults(doc)]
      told.current.onFaults(all.map(({ from, message }) => `${placeOf(view, from)}: ${message}`))
      return all.map((fault) => ({ ...fault, to: Math.min(fault.to, doc.length), severity: 'error' as const }))
    }
    const extensions: Extension = [
      lineNumbers(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      yaml(),
      syntaxHighlighting(colours),
      theme,
      placeholder('#cloud-config'),
      autocompletion({ override: [complete], icons: false }),
      linter(check, {
        delay: 300,
        needsRefresh: ({ transactions }) => transactions.some(({ effects }) => effects.some((one) => one.is(said))),
      }),
      keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ 'aria-label': 'Template' }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) told.current.onChange(update.state.doc.toString())
      }),
    ]
    const view = new EditorView({ state: EditorState.create({ doc: text, extensions }), parent: root, root })
    shown.current = view
    return () => view.destroy()
  }, [])
  // What is known of names by now is a reason to check again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are the reason
  useEffect(() => {
    shown.current?.dispatch({ effects: said.of(null) })
  }, [names])
  return <div className="editor-host" ref={host} />
}
