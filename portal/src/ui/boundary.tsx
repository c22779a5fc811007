/** What stands in the place of a page that broke, or whose script is gone from the server since it was upgraded. */
import { Component, type ReactNode } from 'react'
import { Button } from './controls.tsx'
import { Page } from './page.tsx'
import { Note } from './states.tsx'

export class Boundary extends Component<{ readonly children: ReactNode }, { readonly isBroken: boolean }> {
  override state = { isBroken: false }

  static getDerivedStateFromError() {
    return { isBroken: true }
  }

  override render() {
    if (!this.state.isBroken) return this.props.children
    return (
      <Page title="This page cannot be shown" about="The server may have been upgraded since you opened it.">
        <Note kind="bad">Load it again. If that does not help, tell the operator.</Note>
        <div className="row">
          <Button look="primary" onPress={() => location.reload()}>
            Reload
          </Button>
        </div>
      </Page>
    )
  }
}
