/** Making a secret. */
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import type { NewSecret } from '../../../src/client/index.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { Button, Field, LinkButton, Select } from '../ui/controls.tsx'
import { Note, PageHead } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { nameFrom } from './content.ts'
import { type Details, DetailsFields, expiryTime } from './details-fields.tsx'
import { useLists, useRefresh } from './queries.ts'
import { type ValueHandle, ValueInput } from './value-input.tsx'

type Kind = 'text' | 'file'

export function NewSecretPage() {
  const [query] = useSearchParams()
  const [, navigate] = useLocation()
  const { data: lists = [] } = useLists()
  const refresh = useRefresh()
  const value = useRef<ValueHandle>(null)
  const [name, setName] = useState('')
  const [list, setList] = useState(query.get('list') ?? 'default')
  const [kind, setKind] = useState<Kind>('text')
  const [details, setDetails] = useState<Details>({ description: '', tags: [], expires: '' })
  const [valueFault, setValueFault] = useState<string>()
  const create = useMutation({
    mutationFn: (input: NewSecret) => act(() => strongroom.secrets.create(input)),
    // Neither the value nor the answer stays in the cache.
    gcTime: 0,
    onSuccess: async (created) => {
      value.current?.clear()
      toast(`${created.name} is created`)
      await refresh()
      navigate(`/secrets/${created.id}`)
    },
  })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const given = await value.current?.get()
    setValueFault(given === undefined ? 'Enter a value, or choose a file.' : undefined)
    if (given === undefined) return
    const expiry = expiryTime(details.expires)
    create.mutate({
      name: name.trim(),
      value: given.value,
      encoding: given.encoding,
      type: kind,
      // The default list is made with the first secret; asked for by its name, it would have to be there.
      ...(list === 'default' ? {} : { list }),
      ...(kind === 'file' && given.filename !== undefined ? { filename: given.filename } : {}),
      ...(details.description === '' ? {} : { description: details.description }),
      ...(details.tags.length === 0 ? {} : { tags: details.tags }),
      ...(expiry === null ? {} : { expires_at: expiry }),
    })
  }
  const faults = faultsOf(create.error)
  const isOdd = create.error !== null && Object.keys(faults).length === 0 && !(create.error instanceof Cancelled)
  const names = [
    ...new Set(['default', ...(query.get('list') ?? '').split('\n').filter(Boolean), ...lists.map((one) => one.name)]),
  ]
  return (
    <div className="page narrow">
      <nav className="crumbs" aria-label="Where this is">
        <Link href="/secrets">Secrets</Link> <span aria-hidden>/</span> <span>New</span>
      </nav>
      <PageHead title="New secret" />
      <form className="card card-pad stack" onSubmit={(event) => void submit(event)}>
        {isOdd ? <Note kind="bad">{sentenceOf(create.error)}</Note> : null}
        <Field
          label="Name"
          value={name}
          onValue={setName}
          hint="What programs ask for: letters, digits, “_”, “.” and “-”, such as prod-db-password."
          fault={faults['name']}
          autoComplete="off"
          spellCheck={false}
          maxLength={255}
          pattern="[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254}"
          autoFocus
          required
        />
        <ValueInput
          ref={value}
          label="Value"
          fault={valueFault ?? faults['value']}
          onFile={(file, isText) => {
            if (name === '') setName(nameFrom(file.name))
            setKind(isText ? 'text' : 'file')
          }}
        />
        <Select
          label="Kept as"
          value={kind}
          onChoose={setKind}
          choices={[
            { id: 'text', label: 'Text', more: 'read as it is' },
            { id: 'file', label: 'File', more: 'any bytes, in base64' },
          ]}
        />
        <Select label="List" value={list} onChoose={setList} choices={names.map((one) => ({ id: one, label: one }))} />
        <DetailsFields details={details} onChange={setDetails} faults={faults} />
        <div className="row">
          <Button type="submit" look="primary" isDisabled={create.isPending}>
            {create.isPending ? 'Creating…' : 'Create secret'}
          </Button>
          <LinkButton href="/secrets">Cancel</LinkButton>
        </div>
      </form>
    </div>
  )
}
