/** Webhooks: where events are sent as they happen, and what became of each. */
import { List, Plus, Send, Trash2, Webhook as WebhookIcon } from 'lucide-react'
import { type IssuedWebhook, strongroom, type Webhook } from '../api/client.ts'
import { useListing, useRefresh } from '../api/queries.ts'
import { attempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, IconButton } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm } from '../ui/form.tsx'
import { Item, Items, Tags } from '../ui/items.tsx'
import { OnceDialog } from '../ui/once.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded, Note } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { DeliveriesDialog } from './deliveries.tsx'
import { NewWebhookDialog } from './new-webhook.tsx'

const listed = ['webhooks']

const reasons: Readonly<Record<string, string>> = {
  gone: 'the receiver answered 410 Gone',
  failing: 'every delivery failed for five days',
  maker: 'whoever created it can no longer read the audit log',
}

const warningText = ({ detail }: { readonly detail: string }) => `Nothing can be sent there now. ${detail}`

export function WebhooksPage() {
  const webhooks = useListing(listed, (options) => strongroom.webhooks.list(options))
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  const showSecret = ({ secret, warning }: IssuedWebhook) =>
    open((close) => (
      <OnceDialog title="Signing secret" onClose={close}>
        {warning !== undefined && <Note kind="bad">{warningText(warning)}</Note>}
        <Note kind="warn">Copy it now: you won’t see it again.</Note>
        <CopyOnce text={secret} what="The secret" hint="Your receiver verifies signatures with it." />
      </OnceDialog>
    ))
  const create = () =>
    open((close) => (
      <NewWebhookDialog
        onClose={close}
        onMade={async (made) => {
          await refresh()
          showSecret(made)
        }}
      />
    ))
  return (
    <Page
      title="Webhooks"
      about="Send signed events to your own endpoint as they happen. They never contain a value."
      actions={
        <Button look="primary" onPress={create} data-new>
          <Plus size={14} aria-hidden />
          New webhook
        </Button>
      }
    >
      <Card label="Webhooks">
        <Loaded of={webhooks}>
          {(all) => (
            <Items
              of={all}
              empty={
                <Empty icon={WebhookIcon} title="No webhooks yet">
                  A webhook sends what you may read in the audit log to a URL, such as every change of a secret.
                </Empty>
              }
            >
              {(webhook) => (
                <WebhookItem
                  key={webhook.id}
                  of={webhook}
                  onShow={() => open((close) => <DeliveriesDialog of={webhook} onClose={close} />)}
                  onRotate={() => attempt(async () => showSecret(await strongroom.webhooks.rotate(webhook.id)))}
                  onTurn={() =>
                    attempt(async () => {
                      const { enabled, warning } = await strongroom.webhooks.update(webhook.id, {
                        enabled: !webhook.enabled,
                      })
                      await refresh()
                      if (enabled && warning !== undefined) toast(warningText(warning), true)
                    })
                  }
                  onDelete={() => open((close) => <DeleteDialog of={webhook} onClose={close} />)}
                />
              )}
            </Items>
          )}
        </Loaded>
      </Card>
      {dialog}
    </Page>
  )
}

interface ItemProps {
  readonly of: Webhook
  readonly onShow: () => void
  readonly onRotate: () => Promise<void>
  readonly onTurn: () => Promise<void>
  readonly onDelete: () => void
}

function WebhookItem({ of: webhook, onShow, onRotate, onTurn, onDelete }: ItemProps) {
  const { id, url, enabled, disabled_for: reason, environment, name } = webhook
  const turn = enabled ? 'Disable' : 'Enable'
  const test = () =>
    attempt(async () => {
      await strongroom.webhooks.test(id)
      onShow()
    })
  return (
    <Item
      name={url}
      tags={<span className={`tag ${enabled ? 'ok' : 'warn'}`}>{enabled ? 'Enabled' : 'Disabled'}</span>}
      actions={
        <>
          <Button small onPress={onShow} aria-label={`Deliveries to ${url}`}>
            <List size={14} aria-hidden />
            Deliveries
          </Button>
          <Button small onPress={test} isDisabled={!enabled} aria-label={`Test ${url}`}>
            <Send size={14} aria-hidden />
            Test
          </Button>
          <Button small onPress={onRotate} aria-label={`Rotate the secret for ${url}`}>
            Rotate
          </Button>
          <Button small onPress={onTurn} aria-label={`${turn} ${url}`}>
            {turn}
          </Button>
          <IconButton label={`Delete ${url}`} small look="quiet bad" onPress={onDelete}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        </>
      }
    >
      <Tags label="Actions" of={webhook.actions.map((action) => [action, action])} />
      <p className="hint">
        {name === null ? 'All names' : `Secrets named ${name}`}
        {environment === null ? '' : ` · in ${environment.name ?? 'a deleted environment'}`}
        {reason === null ? '' : ` · disabled because ${reasons[reason] ?? reason}`} · updated{' '}
        <Ago time={webhook.updated_at} />
      </p>
    </Item>
  )
}

function DeleteDialog({ of: { id, url }, onClose }: { readonly of: Webhook; readonly onClose: () => void }) {
  const refresh = useRefresh(listed)
  return (
    <Confirm
      title="Delete this webhook?"
      onClose={onClose}
      submit="Delete"
      run={async () => {
        await strongroom.webhooks.delete(id)
        toast('Webhook deleted')
        await refresh()
      }}
    >
      <p className="small">Nothing more is sent to {url}, including deliveries that are still waiting.</p>
    </Confirm>
  )
}
