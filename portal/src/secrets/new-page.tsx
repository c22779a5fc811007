/** Making a secret. */
import { type FormEvent, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useSearchParams } from 'wouter'
import { maxName, secretNameText } from '../../../src/model/name.ts'
import { type NewSecret, strongroom } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Button, Field, LinkButton, Select } from '../ui/controls.tsx'
import { useNavigateFromHere } from '../ui/here.ts'
import { Crumbs, Page } from '../ui/page.tsx'
import { Note } from '../ui/states.tsx'
import { expiryTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { useUnsaved } from '../ui/unsaved.ts'
import { nameFrom } from './content.ts'
import { type Details, DetailsFields } from './details-fields.tsx'
import { useLists, useRefreshSecrets } from './queries.ts'
import { type Type, types } from './types.ts'
import { type Given, type ValueHandle, ValueInput } from './value-input.tsx'

/** What is typed, but the value, which the field alone has. */
interface Draft extends Details {
  readonly name: string
  readonly list: string
  readonly kind: Type
}

export function NewSecretPage() {
  return (
    <Page above={<Crumbs steps={[['Secrets', '/secrets'], ['New']]} />} title="New secret" isNarrow>
      <NewForm />
    </Page>
  )
}

function NewForm() {
  const [query] = useSearchParams()
  const asked = query.get('list') ?? ''
  const folder = query.get('folder') ?? ''
  const value = useRef<ValueHandle>(null)
  const [isTyped, setTyped] = useState(false)
  const { create, error, trouble, isBusy } = useCreate(value, () => flushSync(() => setTyped(false)))
  useUnsaved(isTyped)
  const [draft, setDraft] = useState<Draft>({
    ...{ name: folder === '' ? '' : `${folder}/`, list: asked === '' ? 'default' : asked, kind: 'text' },
    ...{ description: '', tags: [], expires: '' },
  })
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }))
  const [valueFault, setValueFault] = useState<string>()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const given = await value.current?.get()
    setValueFault(given === undefined ? 'Enter a value, or choose a file.' : undefined)
    if (given !== undefined) await create(inputOf(draft, given))
  }
  const faults = faultsOf(error)
  return (
    <form className="card card-pad stack" onSubmit={(event) => void submit(event)} onInput={() => setTyped(true)}>
      {trouble !== undefined && Object.keys(faults).length === 0 ? <Note kind="bad">{trouble}</Note> : null}
      <Field
        label="Name"
        value={draft.name}
        onValue={(name) => change({ name })}
        hint="What programs ask for: letters, digits, “_”, “.” and “-”, such as db-password. “/” makes folders: web/db-password."
        fault={faults['name']}
        autoComplete="off"
        spellCheck={false}
        maxLength={maxName}
        pattern={secretNameText}
        autoFocus
        required
      />
      <ValueInput
        ref={value}
        label="Value"
        fault={valueFault ?? faults['value']}
        onFile={(file, isText) =>
          change({ kind: kindOf(draft.kind, isText), ...(draft.name === '' ? { name: nameFrom(file.name) } : {}) })
        }
      />
      <Select label="Type" value={draft.kind} onChoose={(kind) => change({ kind })} choices={types} />
      <ListSelect asked={asked} list={draft.list} onChoose={(list) => change({ list })} />
      <DetailsFields details={draft} onChange={change} faults={faults} />
      <div className="row">
        <Button type="submit" look="primary" isDisabled={isBusy}>
          {isBusy ? 'Creating…' : 'Create secret'}
        </Button>
        <LinkButton href="/secrets">Cancel</LinkButton>
      </div>
    </form>
  )
}

/** What a chosen file is kept as: a text may be a template, which only the person knows. */
function kindOf(chosen: Type, isText: boolean): Type {
  return isText ? (chosen === 'template' ? chosen : 'text') : 'file'
}

/** @param asked a list that the address names, which may not be there yet */
function ListSelect({
  asked,
  list,
  onChoose,
}: {
  readonly asked: string
  readonly list: string
  readonly onChoose: (list: string) => void
}) {
  const { data: lists = [] } = useLists()
  const names = [...new Set(['default', ...asked.split('\n').filter(Boolean), ...lists.map(({ name }) => name)])]
  return <Select label="List" value={list} onChoose={onChoose} choices={names.map((id) => ({ id, label: id }))} />
}

/** Creates it and goes to its page. Neither the value nor the answer stays in a cache. */
function useCreate(value: { readonly current: ValueHandle | null }, onCreated: () => void) {
  const navigate = useNavigateFromHere()
  const refresh = useRefreshSecrets()
  const { attempt, ...state } = useAttempt()
  const create = (input: NewSecret) =>
    attempt(async () => {
      const { id, name } = await strongroom.secrets.create(input)
      value.current?.clear()
      toast(`${name} created`)
      onCreated()
      await refresh()
      navigate(`/secrets/${id}`)
    })
  return { create, ...state }
}

function inputOf({ name, list, kind, description, tags, expires }: Draft, given: Given): NewSecret {
  const expiry = expiryTime(expires)
  return {
    name: name.trim(),
    value: given.value,
    encoding: given.encoding,
    type: kind,
    // The default list is made with the first secret; asked for by its name, it would have to be there.
    ...(list === 'default' ? {} : { list }),
    ...(kind === 'file' && given.filename !== undefined ? { filename: given.filename } : {}),
    ...(description === '' ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(expiry === null ? {} : { expires_at: expiry }),
  }
}
